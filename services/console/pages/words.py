"""What things are called on the pages, in English; `locale/` holds the other languages.

Invariant: every event type, every field that is shown and every code of a closed list has a name here (a test looks).
"""

from services.console.pages.language import msg
from services.console.projection.looks import Look

SERVICES = {
    "registration": msg("Registration"),
    "beds": msg("Beds"),
    "discharge": msg("Discharge and settlement"),
    "followup": msg("Follow-up"),
}

EVENTS = {
    "registration.patient-registered.v1": msg("Patient registered"),
    "registration.patient-deceased.v1": msg("Patient deceased"),
    "registration.session-opened.v1": msg("Clinic session opened"),
    "registration.slot-held.v1": msg("Slot held"),
    "registration.hold-expired.v1": msg("Hold expired"),
    "registration.appointment-booked.v1": msg("Appointment booked"),
    "registration.appointment-rescheduled.v1": msg("Appointment rescheduled"),
    "registration.appointment-cancelled.v1": msg("Appointment cancelled"),
    "registration.patient-arrived.v1": msg("Patient arrived"),
    "registration.visit-completed.v1": msg("Visit completed"),
    "registration.admission-requested.v1": msg("Admission requested"),
    "beds.admission-queued.v1": msg("Waiting for a bed"),
    "beds.bed-proposed.v1": msg("Bed proposed"),
    "beds.bed-reserved.v1": msg("Bed reserved"),
    "beds.reservation-expired.v1": msg("Reservation expired"),
    "beds.patient-admitted.v1": msg("Patient admitted"),
    "beds.patient-transferred.v1": msg("Patient transferred"),
    "beds.bed-released.v1": msg("Bed released"),
    "beds.bed-status-changed.v1": msg("Bed status changed"),
    "beds.bed-state.v1": msg("Bed as it stands"),
    "discharge.account-opened.v1": msg("Account opened"),
    "discharge.charge-posted.v1": msg("Charge posted"),
    "discharge.deposit-received.v1": msg("Deposit received"),
    "discharge.discharge-ordered.v1": msg("Discharge ordered"),
    "discharge.presettled.v1": msg("Pre-settled"),
    "discharge.settlement-confirmed.v1": msg("Settlement confirmed by the patient"),
    "discharge.settled.v1": msg("Settled"),
    "discharge.refunded.v1": msg("Deposit refunded"),
    "discharge.patient-left.v1": msg("Patient left the hospital"),
    "followup.plan-opened.v1": msg("Follow-up plan opened"),
    "followup.task-due.v1": msg("Follow-up task due"),
    "followup.task-completed.v1": msg("Follow-up task completed"),
    "followup.visit-requested.v1": msg("Return visit requested"),
    "followup.plan-closed.v1": msg("Follow-up plan closed"),
}

LOOKS = {
    Look.OCCUPIED: msg("occupied"),
    Look.RESERVED: msg("reserved"),
    Look.FREE: msg("free"),
    Look.CLEANING: msg("cleaning"),
    Look.CONTAMINATED: msg("contaminated"),
    Look.ISOLATED: msg("isolated"),
    Look.CLOSED: msg("closed"),
}

GLYPHS = {
    Look.OCCUPIED: msg("O"),
    Look.RESERVED: msg("R"),
    Look.FREE: msg("F"),
    Look.CLEANING: msg("H"),
    Look.CONTAMINATED: msg("K"),
    Look.ISOLATED: msg("I"),
    Look.CLOSED: msg("X"),
}
"""One letter or character a look; colour is never the only sign."""

FACTS = {
    "registration.patient-registered.v1": ("sex", "insutype"),
    "registration.patient-deceased.v1": ("deceased_on",),
    "registration.session-opened.v1": ("clinic_id", "starts_at", "places"),
    "registration.slot-held.v1": ("slot_starts_at", "held_until"),
    "registration.hold-expired.v1": ("slot_starts_at",),
    "registration.appointment-booked.v1": ("clinic_id", "slot_starts_at", "channel"),
    "registration.appointment-rescheduled.v1": ("clinic_id", "slot_starts_at", "previous_slot_starts_at"),
    "registration.appointment-cancelled.v1": ("slot_starts_at", "reason"),
    "registration.admission-requested.v1": ("specialty", "campus_id", "source", "expected_days"),
    "beds.admission-queued.v1": ("specialty", "campus_id", "tier"),
    "beds.bed-proposed.v1": ("bed_id", "score", "policy_version"),
    "beds.bed-reserved.v1": ("bed_id", "held_until"),
    "beds.reservation-expired.v1": ("bed_id",),
    "beds.patient-admitted.v1": ("bed_id", "specialty", "source"),
    "beds.patient-transferred.v1": ("bed_id", "previous_bed_id"),
    "beds.bed-released.v1": ("bed_id",),
    "beds.bed-status-changed.v1": ("bed_id", "status"),
    "discharge.charge-posted.v1": ("item_code", "line_class", "amount_fen"),
    "discharge.deposit-received.v1": ("amount_fen", "channel"),
    "discharge.discharge-ordered.v1": ("disposition", "blockers"),
    "discharge.presettled.v1": ("lines_total_fen", "fund_pay_fen", "patient_pay_fen"),
    "discharge.settled.v1": ("lines_total_fen", "fund_pay_fen", "patient_pay_fen", "cash_fen", "pack"),
    "discharge.refunded.v1": ("amount_fen", "channel"),
    "discharge.patient-left.v1": ("disposition",),
    "followup.plan-opened.v1": ("template", "template_version"),
    "followup.task-due.v1": ("step", "due_at"),
    "followup.task-completed.v1": ("outcome",),
    "followup.visit-requested.v1": ("clinic_id", "earliest_on", "latest_on", "reason"),
    "followup.plan-closed.v1": ("reason",),
}
"""Which fields of an event are shown, in order. Diagnoses are not: a viewer has no need of them."""

FIELDS = {
    "sex": msg("Sex"),
    "insutype": msg("Insurance"),
    "deceased_on": msg("Day"),
    "clinic_id": msg("Clinic"),
    "starts_at": msg("Starts"),
    "places": msg("Places"),
    "slot_starts_at": msg("Slot"),
    "held_until": msg("Held until"),
    "channel": msg("Channel"),
    "previous_slot_starts_at": msg("Before"),
    "reason": msg("Reason"),
    "specialty": msg("Specialty"),
    "campus_id": msg("Campus"),
    "source": msg("Source"),
    "expected_days": msg("Expected days"),
    "tier": msg("Tier"),
    "bed_id": msg("Bed"),
    "score": msg("Score"),
    "policy_version": msg("Policy"),
    "previous_bed_id": msg("From bed"),
    "status": msg("Status"),
    "item_code": msg("Item"),
    "line_class": msg("Class"),
    "amount_fen": msg("Amount"),
    "disposition": msg("Disposition"),
    "blockers": msg("Open points"),
    "lines_total_fen": msg("Total"),
    "fund_pay_fen": msg("Fund pays"),
    "patient_pay_fen": msg("Patient pays"),
    "cash_fen": msg("In cash"),
    "pack": msg("Policy pack"),
    "template": msg("Template"),
    "template_version": msg("Version"),
    "step": msg("Step"),
    "due_at": msg("Due"),
    "outcome": msg("Outcome"),
    "earliest_on": msg("Not before"),
    "latest_on": msg("Not after"),
}

CODES = {
    "sex": {"F": msg("female"), "M": msg("male")},
    "insutype": {"310": msg("employee scheme"), "390": msg("resident scheme")},
    "channel": {
        "desk": msg("desk"),
        "app": msg("app"),
        "phone": msg("phone"),
        "kiosk": msg("kiosk"),
        "followup": msg("follow-up"),
        "cash": msg("cash"),
        "card": msg("card"),
        "wechat": msg("WeChat Pay"),
        "alipay": msg("Alipay"),
    },
    "reason": {
        "patient": msg("by the patient"),
        "hospital": msg("by the hospital"),
        "deceased": msg("patient deceased"),
        "completed": msg("all steps done"),
        "readmitted": msg("readmitted"),
        "superseded": msg("replaced by another plan"),
        "moved": msg("moved away"),
        "refused": msg("refused by the patient"),
    },
    "source": {
        "clinic": msg("clinic"),
        "emergency": msg("emergency"),
        "referral": msg("referral"),
        "day-surgery": msg("day surgery"),
    },
    "line_class": {"01": msg("class A"), "02": msg("class B"), "03": msg("class C")},
    "status": {
        "O": msg("occupied"),
        "U": msg("free"),
        "H": msg("cleaning"),
        "K": msg("contaminated"),
        "I": msg("isolated"),
        "C": msg("closed"),
    },
    "disposition": {
        "home": msg("home"),
        "other-hcf": msg("another hospital"),
        "rehab": msg("rehabilitation"),
        "aadvice": msg("left against advice"),
        "exp": msg("died"),
    },
    "outcome": {
        "reached": msg("reached"),
        "agreed_to_visit": msg("will come for a visit"),
        "call_later": msg("call again later"),
        "no_answer": msg("no answer"),
        "wrong_number": msg("wrong number"),
        "refused": msg("refused by the patient"),
        "moved": msg("moved away"),
        "dead": msg("patient deceased"),
        "danger_sign": msg("danger sign"),
    },
}

REFUSALS = {
    "token-missing": msg("Enter a token."),
    "token-malformed": msg("This is no token. Copy the whole of it, from the first letter to the last."),
    "token-expired": msg("This token has expired. Ask for a new one."),
    "token-signature": msg("This token was not issued for this hospital. Ask for one here."),
    "role-missing": msg("This token has no role that may see these pages. Ask for the role viewer."),
}


def event_name(event_type: str) -> str:
    """What people call it; the type itself where a newer service says something this one does not know."""
    return EVENTS.get(event_type, event_type)
