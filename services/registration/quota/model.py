"""The rules of a referral into the places that are kept for partners.

waiting ⇄ placed, then closed. A referral is promised a place by its urgency; it gets the earliest kept place before
that, and otherwise stands on the worklist with the reason and the instant it was promised for. Nobody is turned away
silently.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.registration.booking.model import Appointment, Channel, TakePlace
from services.registration.schedules.model import Slot, SlotKey
from shared.decision import Refused
from shared.messages.registration.quota import ReferralClosed, ReferralPlaced, ReferralWaiting

VISIT_TYPE = "referral"


class Urgency(StrEnum):
    """How soon the referring doctor wants the patient seen."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    WAITING = "waiting"
    PLACED = "placed"
    CLOSED = "closed"


class WaitReason(StrEnum):
    """Why there is no place yet."""

    NO_PLACE = "no-place"
    QUOTA_USED = "quota-used"
    PLACE_LOST = "place-lost"


class CloseReason(StrEnum):
    """Why nothing more is done about it."""

    PARTNER = "partner"
    PATIENT = "patient"
    DECEASED = "deceased"
    NOT_NEEDED = "not-needed"


class Reason(StrEnum):
    """Why a command was refused."""

    REFERRAL_EXISTS = "referral-exists"
    PARTNER_INACTIVE = "partner-inactive"
    REFERRAL_NOT_WAITING = "referral-not-waiting"
    REFERRAL_CLOSED = "referral-closed"
    APPOINTMENT_DIFFERS = "appointment-differs"


REMEDIES = {
    Reason.REFERRAL_EXISTS: "use a new referral_id, or read the referral that has this one",
    Reason.PARTNER_INACTIVE: "agree with the alliance office on the partner's quota first",
    Reason.REFERRAL_NOT_WAITING: "only a waiting referral can be given a place",
    Reason.REFERRAL_CLOSED: "send a new referral",
    Reason.APPOINTMENT_DIFFERS: "give a booked appointment of the referral's patient",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is promised for each urgency, and how long before its start an unused place goes to everybody."""

    version: str
    promises: Mapping[Urgency, timedelta]
    release_before: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A hospital that refers patients. `places_a_week` of the kept places are the most it gets in a week."""

    partner_id: str
    name_zh: str
    name_en: str | None
    places_a_week: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refer:
    """A partner refers a registered patient to a specialty, on one campus or on any."""

    referral_id: UUID
    partner_id: str
    patient_id: UUID
    specialty: str
    campus_id: str | None
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral in its latest version. `week_on` is the Monday of the week whose quota it takes from."""

    referral_id: UUID
    partner_id: str
    patient_id: UUID
    specialty: str
    campus_id: str | None
    urgency: Urgency
    policy_version: str
    state: State
    wait_reason: WaitReason | None
    close_reason: CloseReason | None
    appointment_id: UUID | None
    week_on: date | None
    referred_at: datetime
    due_at: datetime
    version: int

    def is_overdue(self, now: datetime) -> bool:
        """Whether the promise was not kept."""
        return self.state is State.WAITING and self.due_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which referrals to list; `after` is the last id of the page before."""

    state: State | None = None
    partner_id: str | None = None
    specialty: str | None = None
    after: UUID | None = None
    limit: int


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def referred(command: Refer, policy: Policy, now: datetime) -> Referral:
    """A new referral, which has no place yet."""
    return Referral(
        referral_id=command.referral_id,
        partner_id=command.partner_id,
        patient_id=command.patient_id,
        specialty=command.specialty,
        campus_id=command.campus_id,
        urgency=command.urgency,
        policy_version=policy.version,
        state=State.WAITING,
        wait_reason=WaitReason.NO_PLACE,
        close_reason=None,
        appointment_id=None,
        week_on=None,
        referred_at=now,
        due_at=now + policy.promises[command.urgency],
        version=0,
    )


def by_week(slots: Iterable[Slot], zones: Mapping[str, str]) -> list[tuple[date, list[Slot]]]:
    """Slots by the week of their clinic's calendar (its Monday), the earliest week and slot first."""

    def week(slot: Slot) -> date:
        day = slot.starts_at.astimezone(ZoneInfo(zones[slot.clinic_id])).date()
        return day - timedelta(days=day.weekday())

    ordered = sorted(slots, key=lambda slot: (week(slot), slot.starts_at, slot.session_id))
    return [(monday, list(group)) for monday, group in groupby(ordered, key=week)]


def wish(referral: Referral, slot: Slot) -> TakePlace:
    """What to book for it. The id follows from the referral and its version: taken twice it is booked once."""
    return TakePlace(
        appointment_id=uuid5(referral.referral_id, f"appointment/{referral.version}"),
        patient_id=referral.patient_id,
        slot=SlotKey(session_id=slot.session_id, starts_at=slot.starts_at),
        hold=False,
        visit_type=VISIT_TYPE,
        channel=Channel.ALLIANCE,
    )


def placed(referral: Referral, appointment: Appointment, week_on: date | None) -> tuple[Referral, ReferralPlaced]:
    """It has a place; without `week_on` one that is not of the quota."""
    done = replace(
        referral,
        state=State.PLACED,
        wait_reason=None,
        appointment_id=appointment.appointment_id,
        week_on=week_on,
        version=referral.version + 1,
    )
    return done, ReferralPlaced(
        referral_id=done.referral_id,
        patient_id=done.patient_id,
        partner_id=done.partner_id,
        specialty=done.specialty,
        urgency=done.urgency,
        appointment_id=appointment.appointment_id,
        slot_starts_at=appointment.slot_starts_at,
        aggregate_version=done.version,
    )


def waits(referral: Referral, reason: WaitReason) -> tuple[Referral, ReferralWaiting]:
    """There is no place for it; somebody has to look for one."""
    waiting = replace(
        referral,
        state=State.WAITING,
        wait_reason=reason,
        appointment_id=None,
        week_on=None,
        version=referral.version + 1,
    )
    return waiting, ReferralWaiting(
        referral_id=waiting.referral_id,
        patient_id=waiting.patient_id,
        partner_id=waiting.partner_id,
        specialty=waiting.specialty,
        urgency=waiting.urgency,
        reason=reason,
        due_at=waiting.due_at,
        aggregate_version=waiting.version,
    )


def closed(referral: Referral, reason: CloseReason) -> tuple[Referral, ReferralClosed] | Refused:
    """Nothing more is done about it."""
    if referral.state is State.CLOSED:
        return no(Reason.REFERRAL_CLOSED)
    over = replace(
        referral, state=State.CLOSED, wait_reason=None, close_reason=reason, week_on=None, version=referral.version + 1
    )
    return over, ReferralClosed(
        referral_id=over.referral_id,
        patient_id=over.patient_id,
        partner_id=over.partner_id,
        reason=reason,
        aggregate_version=over.version,
    )
