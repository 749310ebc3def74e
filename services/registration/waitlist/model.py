"""The rules of waiting for a place (候补).

An entry waits for a session, or for any session of a clinic within a range of days. A place that becomes free is kept
for the best entry, by urgency and then by when it joined: an offer is a hold made for somebody else. How an entry goes
from state to state is in `transitions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from services.registration.booking.model import Appointment, Channel, TakePlace
from services.registration.booking.model import Status as Booked
from services.registration.schedules.model import Access, Session, Slot, SlotKey, instant
from shared.decision import Refused


class Status(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    LEFT = "left"
    LAPSED = "lapsed"


OPEN: Final = (Status.WAITING, Status.OFFERED)


class Urgency(IntEnum):
    """FHIR request priority; the lower number comes first."""

    STAT = 1
    ASAP = 2
    URGENT = 3
    ROUTINE = 4


class LeaveReason(StrEnum):
    """Why a patient no longer waits."""

    PATIENT = "patient"
    DECEASED = "deceased"


class LapseReason(StrEnum):
    """Why no place comes any more."""

    TOO_LATE = "too-late"
    SESSION_CLOSED = "session-closed"
    SESSION_CUT = "session-cut"


class Reason(StrEnum):
    """Why a command was refused."""

    URGENCY_NEEDS_STAFF = "urgency-needs-staff"
    DAYS_BACKWARDS = "days-backwards"
    TOO_MANY_DAYS = "too-many-days"
    SESSION_CLOSED = "session-closed"
    NOT_PUBLIC = "not-public"
    TOO_LATE = "too-late"
    PLACE_IS_FREE = "place-is-free"
    PATIENT_HAS_APPOINTMENT = "patient-has-appointment"
    NOT_REPLACEABLE = "not-replaceable"
    ALREADY_WAITING = "already-waiting"
    ENTRY_EXISTS = "entry-exists"
    NOT_OFFERED = "not-offered"
    ALREADY_ACCEPTED = "already-accepted"
    OFFER_EXPIRED = "offer-expired"
    NOT_WAITING = "not-waiting"


REMEDIES: Final = {
    Reason.URGENCY_NEEDS_STAFF: "join as routine; front desk or clinician may say that it is urgent",
    Reason.DAYS_BACKWARDS: "give a latest_on that is not before earliest_on",
    Reason.TOO_MANY_DAYS: "wait for at most {most_days} days at once",
    Reason.SESSION_CLOSED: "nobody else is seen in this session: wait for another one, or for the clinic",
    Reason.NOT_PUBLIC: "the places of this session are given by need or to referrals: apply, or wait for another",
    Reason.TOO_LATE: "no place is offered that late any more: ask at the desk, or wait for another session",
    Reason.PLACE_IS_FREE: "there is a free place (GET /slots): book it, from the session's released_at on",
    Reason.PATIENT_HAS_APPOINTMENT: "move the appointment that the patient has in this session",
    Reason.NOT_REPLACEABLE: "name a booked appointment of the same patient, or none",
    Reason.ALREADY_WAITING: "the patient waits for this already; leave first to join anew",
    Reason.ENTRY_EXISTS: "use a new entry_id",
    Reason.NOT_OFFERED: "wait until a place is offered",
    Reason.OFFER_EXPIRED: "the place has gone to the next; join again to wait on",
    Reason.ALREADY_ACCEPTED: "the place is booked: to give it back, cancel the entry's appointment_id",
    Reason.NOT_WAITING: "the entry has ended; join again to wait on",
}
NO_OFFER: Final = {
    Status.WAITING: Reason.NOT_OFFERED,
    Status.ACCEPTED: Reason.ALREADY_ACCEPTED,
    Status.EXPIRED: Reason.OFFER_EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """With at least `left` until the cut-off, an offer lasts `lasts`."""

    left: timedelta
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long offers last by the time that is left, most time first; nothing is offered from `cut_off` before."""

    version: str
    cut_off: timedelta
    most_days: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinWaitlist:
    """Wait for a session, or, without `session_id`, for a clinic from one day of its calendar to another."""

    entry_id: UUID
    patient_id: UUID
    session_id: UUID | None
    clinic_id: str | None
    earliest_on: date | None
    latest_on: date | None
    visit_type: str
    channel: Channel
    urgency: Urgency = Urgency.ROUTINE
    auto_accept: bool = False
    replaces_appointment_id: UUID | None = None
    by_staff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is waited for; from `lapses_at` on nothing of it can be offered."""

    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    lapses_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A patient who waits, in its latest version. `appointment_id` is the place that was offered last."""

    entry_id: UUID
    patient_id: UUID
    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    visit_type: str
    channel: Channel
    urgency: Urgency
    auto_accept: bool
    replaces_appointment_id: UUID | None
    status: Status
    joined_at: datetime
    lapses_at: datetime
    appointment_id: UUID | None
    offered_until: datetime | None
    leave_reason: LeaveReason | None
    lapse_reason: LapseReason | None
    version: int

    @property
    def is_booked_unasked(self) -> bool:
        """Whether a free place is booked for it in the step that finds it: nothing is to be asked or given back."""
        return self.auto_accept and self.replaces_appointment_id is None


def no(reason: Reason, **facts: object) -> Refused:
    """The refusal with its remedy, which names these facts."""
    return Refused(reason=reason, remedy=REMEDIES[reason].format(**facts))


def no_offer(status: Status) -> Refused:
    """Why an entry in that state has no offer to answer."""
    return no(NO_OFFER.get(status, Reason.NOT_WAITING))


def last_offer_at(session: Session, slots: Sequence[Slot], policy: Policy) -> datetime | None:
    """From when on no place of the session can be offered; None where it is closed or has no places."""
    last = max((slot.starts_at for slot in slots if slot.capacity), default=None)
    return None if last is None or session.closed_at is not None else last - policy.cut_off


def session_goal(session: Session, slots: Sequence[Slot], policy: Policy) -> Goal | Refused:
    """Any slot of one public session, as long as its last slot with places can be offered."""
    if session.access is not Access.PUBLIC:
        return no(Reason.NOT_PUBLIC)
    lapses_at = last_offer_at(session, slots, policy)
    if lapses_at is None:
        return no(Reason.SESSION_CLOSED)
    return Goal(
        clinic_id=session.clinic_id,
        session_id=session.session_id,
        earliest_on=session.session_on,
        latest_on=session.session_on,
        lapses_at=lapses_at,
    )


def days_goal(clinic_id: str, zone: str, earliest_on: date, latest_on: date, policy: Policy) -> Goal | Refused:
    """Any session of the clinic from one day to another, both included."""
    if latest_on < earliest_on:
        return no(Reason.DAYS_BACKWARDS)
    if (latest_on - earliest_on).days >= policy.most_days:
        return no(Reason.TOO_MANY_DAYS, most_days=policy.most_days)
    return Goal(
        clinic_id=clinic_id,
        session_id=None,
        earliest_on=earliest_on,
        latest_on=latest_on,
        lapses_at=instant(zone, latest_on + timedelta(days=1)) - policy.cut_off,
    )


def may_join(command: JoinWaitlist, goal: Goal, replaced: Appointment | None, now: datetime) -> Refused | None:
    """Whether the patient may wait for it, places aside."""
    if command.urgency is not Urgency.ROUTINE and not command.by_staff:
        return no(Reason.URGENCY_NEEDS_STAFF)
    if goal.lapses_at <= now:
        return no(Reason.TOO_LATE)
    if replaced and (replaced.patient_id != command.patient_id or replaced.status is not Booked.BOOKED):
        return no(Reason.NOT_REPLACEABLE)
    return None


def offer_ends_at(slot_starts_at: datetime, now: datetime, policy: Policy) -> datetime | None:
    """Until when a place that is free now may be offered; None when it is too late for any offer."""
    left = slot_starts_at - policy.cut_off - now
    return next((now + step.lasts for step in policy.steps if left >= step.left), None)


def place_for(entry: Entry, slot: Slot, appointment_id: UUID, held_until: datetime) -> TakePlace:
    """What to take for the entry: booked at once where that was asked for and nothing is given back for it."""
    return TakePlace(
        appointment_id=appointment_id,
        patient_id=entry.patient_id,
        slot=SlotKey(session_id=slot.session_id, starts_at=slot.starts_at),
        hold=not entry.is_booked_unasked,
        held_until=held_until,
        visit_type=entry.visit_type,
        channel=entry.channel,
    )
