"""The rules of an application for one of the places that a clinic gives by need (按需分配号源).

submitted → accepted → booked, or declined, redirected, withdrawn. What is accepted takes the earliest fitting place
that is kept for applicants, or waits for the next session that has one. Invariant: one decision an application.
FHIR ServiceRequest; the urgency is its priority.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from services.registration.booking.model import Appointment, Channel, TakePlace
from services.registration.materials.reading import Clinician
from services.registration.schedules.model import Access, FindSlots, Slot, SlotKey
from shared.decision import Refused
from shared.messages.registration.applications import (
    ApplicationAccepted,
    ApplicationDeclined,
    ApplicationRedirected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)

VISIT_TYPE = "outpatient"


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    BOOKED = "booked"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    WITHDRAWN = "withdrawn"


OPEN = (State.SUBMITTED, State.ACCEPTED)


class Need(StrEnum):
    """Why the patient needs the place."""

    FIRST_DIAGNOSIS = "first-diagnosis"
    SECOND_OPINION = "second-opinion"
    TREATMENT_ELSEWHERE_FAILED = "treatment-elsewhere-failed"
    SURGERY_ASSESSMENT = "surgery-assessment"
    RESULT_REVIEW = "result-review"
    RARE_DISEASE = "rare-disease"


class Urgency(StrEnum):
    """How soon, the most urgent first. HL7 request-priority."""

    STAT = "stat"
    ASAP = "asap"
    URGENT = "urgent"
    ROUTINE = "routine"


class DeclineReason(StrEnum):
    """Why the clinic does not see the patient."""

    NOT_INDICATED = "not-indicated"
    MATERIALS_INSUFFICIENT = "materials-insufficient"
    OTHER_CARE_SUFFICES = "other-care-suffices"
    NOT_OFFERED_HERE = "not-offered-here"


class Reason(StrEnum):
    """Why a command was refused."""

    APPLICATION_EXISTS = "application-exists"
    APPLICATION_OPEN = "application-open"
    ALREADY_DECIDED = "already-decided"
    NOT_OPEN = "not-open"
    SAME_CLINIC = "same-clinic"


REMEDIES = {
    Reason.APPLICATION_EXISTS: "use a new application_id",
    Reason.APPLICATION_OPEN: "wait for the decision, or withdraw the patient's open application in this clinic first",
    Reason.ALREADY_DECIDED: "read it again: somebody has decided it, or the patient has withdrawn it",
    Reason.NOT_OPEN: "cancel the appointment instead if there is one; what is decided cannot be withdrawn",
    Reason.SAME_CLINIC: "choose another clinic, or decline it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A patient applies for a place in a clinic."""

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    need: Need
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The clinic sees the patient."""

    application_id: UUID
    urgency: Urgency
    by: Clinician


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """The clinic does not."""

    application_id: UUID
    reason: DeclineReason
    by: Clinician


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Another clinic is to look at it."""

    application_id: UUID
    clinic_id: str
    by: Clinician


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which applications to list: without a state those that are open, `overdue` only those not decided in time."""

    clinic_id: str | None = None
    state: State | None = None
    overdue: bool = False
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application, in its latest version. `decided_by` is the token's subject."""

    application_id: UUID
    patient_id: UUID
    clinic_id: str
    need: Need
    channel: Channel
    state: State
    urgency: Urgency | None
    decline_reason: DeclineReason | None
    redirected_from: UUID | None
    redirected_to: UUID | None
    appointment_id: UUID | None
    submitted_at: datetime
    decide_by: datetime
    decided_at: datetime | None
    decided_by: str | None
    version: int


Decided = tuple[Application, ApplicationDeclined | ApplicationWithdrawn] | Refused


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def submit(
    command: Submit, within: timedelta, now: datetime, redirected_from: UUID | None = None
) -> tuple[Application, ApplicationSubmitted]:
    """A new application, to be decided within that time."""
    application = Application(
        application_id=command.application_id,
        patient_id=command.patient_id,
        clinic_id=command.clinic_id,
        need=command.need,
        channel=command.channel,
        state=State.SUBMITTED,
        urgency=None,
        decline_reason=None,
        redirected_from=redirected_from,
        redirected_to=None,
        appointment_id=None,
        submitted_at=now,
        decide_by=now + within,
        decided_at=None,
        decided_by=None,
        version=1,
    )
    return application, ApplicationSubmitted(
        application_id=application.application_id,
        patient_id=application.patient_id,
        clinic_id=application.clinic_id,
        reason=application.need,
        decide_by=application.decide_by,
        redirected_from=redirected_from,
        aggregate_version=1,
    )


def accept(application: Application, command: Accept, now: datetime) -> Application | Refused:
    """The clinic sees the patient; a place is still to be found."""
    if application.state is not State.SUBMITTED:
        return no(Reason.ALREADY_DECIDED)
    decided = _decided(application, State.ACCEPTED, command.by.subject, now)
    return replace(decided, urgency=command.urgency)


def accepted(application: Application) -> ApplicationAccepted:
    """What is said of an acceptance, once it is known whether there is a place at once."""
    return ApplicationAccepted(
        application_id=application.application_id,
        patient_id=application.patient_id,
        clinic_id=application.clinic_id,
        urgency=application.urgency or "",
        appointment_id=application.appointment_id,
        aggregate_version=application.version,
    )


def booked(application: Application, appointment: Appointment) -> Application:
    """There is a place for it."""
    return replace(application, state=State.BOOKED, appointment_id=appointment.appointment_id)


def decline(application: Application, command: Decline, now: datetime) -> Decided:
    """The clinic does not see the patient."""
    if application.state is not State.SUBMITTED:
        return no(Reason.ALREADY_DECIDED)
    decided = _decided(application, State.DECLINED, command.by.subject, now)
    declined = replace(decided, decline_reason=command.reason)
    return declined, ApplicationDeclined(
        application_id=declined.application_id,
        patient_id=declined.patient_id,
        clinic_id=declined.clinic_id,
        reason=command.reason,
        aggregate_version=declined.version,
    )


def redirect(
    application: Application, command: Redirect, now: datetime
) -> tuple[Application, ApplicationRedirected, Submit] | Refused:
    """Another clinic is to look at it: what is sent on there is a new application, whose id follows from this one's."""
    if application.state is not State.SUBMITTED:
        return no(Reason.ALREADY_DECIDED)
    if application.clinic_id == command.clinic_id:
        return no(Reason.SAME_CLINIC)
    onward = Submit(
        application_id=uuid5(application.application_id, "redirected"),
        patient_id=application.patient_id,
        clinic_id=command.clinic_id,
        need=application.need,
        channel=application.channel,
    )
    decided = _decided(application, State.REDIRECTED, command.by.subject, now)
    redirected = replace(decided, redirected_to=onward.application_id)
    event = ApplicationRedirected(
        application_id=redirected.application_id,
        patient_id=redirected.patient_id,
        clinic_id=redirected.clinic_id,
        redirected_to=onward.application_id,
        aggregate_version=redirected.version,
    )
    return redirected, event, onward


def withdraw(application: Application) -> Decided:
    """The patient does not want the place any more."""
    if application.state not in OPEN:
        return no(Reason.NOT_OPEN)
    withdrawn = replace(application, state=State.WITHDRAWN, version=application.version + 1)
    return withdrawn, ApplicationWithdrawn(
        application_id=withdrawn.application_id,
        patient_id=withdrawn.patient_id,
        clinic_id=withdrawn.clinic_id,
        aggregate_version=withdrawn.version,
    )


def slots_for(application: Application, now: datetime) -> FindSlots:
    """Where to look for a place."""
    return FindSlots(from_at=now, clinic_id=application.clinic_id, access=Access.APPLICATION)


def place_for(application: Application, slot: Slot) -> TakePlace:
    """What to book for it; its id follows from the application's, so that nothing books it twice."""
    return TakePlace(
        appointment_id=uuid5(application.application_id, "appointment"),
        patient_id=application.patient_id,
        slot=SlotKey(session_id=slot.session_id, starts_at=slot.starts_at),
        hold=False,
        visit_type=VISIT_TYPE,
        channel=application.channel,
    )


def _decided(application: Application, state: State, decided_by: str, now: datetime) -> Application:
    version = application.version + 1
    return replace(application, state=state, decided_by=decided_by, decided_at=now, version=version)
