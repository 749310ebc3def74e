"""What discharge says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "discharge.account-opened.v1": msg("Account opened"),
    "discharge.charge-posted.v1": msg("Charge posted"),
    "discharge.deposit-received.v1": msg("Deposit received"),
    "discharge.discharge-ordered.v1": msg("Discharge ordered"),
    "discharge.presettled.v1": msg("Pre-settled"),
    "discharge.settlement-confirmed.v1": msg("Settlement confirmed by the patient"),
    "discharge.settled.v1": msg("Settled"),
    "discharge.refunded.v1": msg("Deposit refunded"),
    "discharge.account-voided.v1": msg("Account voided"),
    "discharge.patient-left.v1": msg("Patient left the hospital"),
}

FACTS = {
    "discharge.charge-posted.v1": ("item_code", "line_class", "amount_fen"),
    "discharge.deposit-received.v1": ("amount_fen", "channel"),
    "discharge.discharge-ordered.v1": ("disposition", "blockers"),
    "discharge.presettled.v1": ("lines_total_fen", "fund_pay_fen", "patient_pay_fen"),
    "discharge.settled.v1": ("lines_total_fen", "fund_pay_fen", "patient_pay_fen", "cash_fen", "pack"),
    "discharge.refunded.v1": ("amount_fen", "channel"),
    "discharge.patient-left.v1": ("disposition",),
}
