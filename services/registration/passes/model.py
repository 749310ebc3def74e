"""The rules of an arrival pass.

reserved → used at the gate, or released: given back, gone with the appointment, or lost because the new day was full.
A pass belongs to an appointment, and its day is the slot's on the campus's clock. The plate is personal: it is shown
masked, and forgotten when the pass is released.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.booking.model import Appointment, Status
from shared.decision import Refused

PLACES_A_DAY = 500
"""Of a campus that says nothing else: the figure of the published case."""
ENTRY_BEFORE = timedelta(hours=2)
"""How long before the slot the gate opens [ours]."""
SHOWN = 2


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    RESERVED = "reserved"
    USED = "used"
    RELEASED = "released"


HOLDS_A_PLACE = (State.RESERVED, State.USED)


class ReleaseReason(StrEnum):
    """Why a place was given back."""

    PATIENT = "patient"
    APPOINTMENT_OVER = "appointment-over"
    NEW_DAY_FULL = "new-day-full"


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_BOOKED = "not-booked"
    SLOT_OVER = "slot-over"
    PARKING_FULL = "parking-full"
    RESERVED_ALREADY = "pass-exists"
    CAR_EXPECTED = "plate-has-pass"
    NOT_RESERVED = "not-reserved"
    NOT_EXPECTED = "no-pass"
    CAPACITY_BELOW_RESERVED = "capacity-below-reserved"


REMEDIES = {
    Reason.NOT_BOOKED: "book the appointment first, or confirm its hold",
    Reason.SLOT_OVER: "a pass is for a visit that is still to come",
    Reason.PARKING_FULL: "come by public transport, or book a visit on another day",
    Reason.RESERVED_ALREADY: "give the present pass back before reserving another one",
    Reason.CAR_EXPECTED: "this car has a pass for that day: one is enough",
    Reason.NOT_RESERVED: "only a reserved pass can be given back",
    Reason.NOT_EXPECTED: "let the driver take a place of the public car park",
    Reason.CAPACITY_BELOW_RESERVED: "give a capacity that is not below what is reserved",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """The parking places of a campus on one day of its calendar."""

    campus_id: str
    day: date
    capacity: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a pass is good."""

    campus_id: str
    day: date
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPass:
    """A reserved parking place. `plate` is None once it is released."""

    appointment_id: UUID
    patient_id: UUID
    campus_id: str
    day: date
    opens_at: datetime
    closes_at: datetime
    plate: str | None
    state: State
    release_reason: ReleaseReason | None
    reserved_at: datetime
    used_at: datetime | None

    @property
    def shown_plate(self) -> str | None:
        """The plate without its middle: enough for its owner to know it."""
        if self.plate is None:
            return None
        hidden = "*" * (len(self.plate) - 2 * SHOWN)
        return f"{self.plate[:SHOWN]}{hidden}{self.plate[-SHOWN:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which passes to list; `after` is the last appointment_id of the page before."""

    campus_id: str | None = None
    day: date | None = None
    state: State | None = None
    after: UUID | None = None
    limit: int


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def may_reserve(appointment: Appointment, present: ArrivalPass | None, now: datetime) -> Refused | None:
    """Whether a pass can be had for it, places aside."""
    if appointment.status is not Status.BOOKED:
        return no(Reason.NOT_BOOKED)
    if appointment.slot_ends_at <= now:
        return no(Reason.SLOT_OVER)
    if present is not None and present.state in HOLDS_A_PLACE:
        return no(Reason.RESERVED_ALREADY)
    return None


def place_of(appointment: Appointment, campus_id: str, zone: str) -> Place:
    """Where and when its pass is good: from two hours before the slot until the day is over on the campus's clock."""
    at = ZoneInfo(zone)
    day = appointment.slot_starts_at.astimezone(at).date()
    closes_at = datetime.combine(day + timedelta(days=1), time(), at).astimezone(UTC)
    return Place(campus_id=campus_id, day=day, opens_at=appointment.slot_starts_at - ENTRY_BEFORE, closes_at=closes_at)


def is_over(appointment: Appointment) -> bool:
    """Whether the appointment no longer takes place."""
    return appointment.status in {Status.CANCELLED, Status.EXPIRED}
