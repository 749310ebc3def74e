"""Who loses the place when a session is cut, and what becomes of them.

Invariants: whoever has arrived stays; of the others the first who booked stay. Nobody loses a place without a new one,
or a place on the worklist of those to be rebooked; only holds are given up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.registration.booking.model import Appointment
from services.registration.schedules.model import CutReason, Session, Slot
from services.registration.schedules.spans import fault, within
from shared.decision import Refused


class Orphans(StrEnum):
    """What is to become of those who lose their place: moved at once, offered a slot, or only put on the worklist."""

    MOVE = "move"
    OFFER = "offer"
    NOTIFY = "notify"


class State(StrEnum):
    """The words of the worklist and of its CHECK constraint."""

    OFFERED = "offered"
    NOTIFIED = "notified"
    DONE = "done"


class Reason(StrEnum):
    """Why a cut was refused, beside what is wrong with the session or the span."""

    NOTHING_TO_CUT = "nothing-to-cut"


NOTHING = Refused(reason=Reason.NOTHING_TO_CUT, remedy="give a capacity that is smaller than that of some slot ahead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Leave that many places in each slot that starts from `from_at` on and before `to_at`; in all without them."""

    session_id: UUID
    capacity: int
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSession:
    """Cut a session, or close it."""

    cut: Cut
    close: bool
    orphans: Orphans
    reason: CutReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebooking:
    """Somebody who has lost the place and waits for another. An offered slot is not kept for them."""

    appointment_id: UUID
    patient_id: UUID
    clinic_id: str
    session_id: UUID
    slot_starts_at: datetime
    reason: CutReason
    state: State
    offered_session_id: UUID | None
    offered_slot_starts_at: datetime | None
    displaced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many places each slot that is cut has left, and who has none any more, the earliest first."""

    capacities: Mapping[datetime, int]
    orphans: tuple[Appointment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOutcome:
    """The session as it is now, and what became of everybody who lost the place."""

    session: Session
    moved: tuple[Appointment, ...]
    rebookings: tuple[Rebooking, ...]
    holds_given_up: tuple[UUID, ...]


def plan(
    cut: Cut, session: Session, slots: Sequence[Slot], expected: Sequence[Appointment], now: datetime
) -> Plan | Refused:
    """What a cut would do. `expected` are the held and booked appointments; slots that are over stay as they are."""
    if refusal := fault(session, cut.from_at, cut.to_at, now):
        return refusal
    capacities: dict[datetime, int] = {}
    orphans: list[Appointment] = []
    for slot in slots:
        if slot.ends_at <= now or not within(slot, cut.from_at, cut.to_at) or slot.capacity <= cut.capacity:
            continue
        mine = sorted((one for one in expected if one.slot_starts_at == slot.starts_at), key=_in_order_of_booking)
        arrived = slot.booked - len(mine)
        staying = max(cut.capacity - arrived, 0)
        orphans += mine[staying:]
        capacities[slot.starts_at] = max(cut.capacity, arrived)
    return Plan(capacities=capacities, orphans=tuple(orphans))


def rebooking(orphan: Appointment, reason: CutReason, offer: Slot | None, now: datetime) -> Rebooking:
    """An entry of the worklist."""
    return Rebooking(
        appointment_id=orphan.appointment_id,
        patient_id=orphan.patient_id,
        clinic_id=orphan.clinic_id,
        session_id=orphan.session_id,
        slot_starts_at=orphan.slot_starts_at,
        reason=reason,
        state=State.NOTIFIED if offer is None else State.OFFERED,
        offered_session_id=offer.session_id if offer else None,
        offered_slot_starts_at=offer.starts_at if offer else None,
        displaced_at=now,
    )


def fits(orphan: Appointment, slot: Slot, taken_sessions: set[UUID], cut: Mapping[datetime, int]) -> bool:
    """Whether the patient can go to that slot: not earlier than theirs, not one that is cut, no second in a session."""
    if slot.starts_at < orphan.slot_starts_at:
        return False
    if slot.session_id == orphan.session_id:
        return slot.starts_at not in cut
    return slot.session_id not in taken_sessions


class Offers:
    """What is still to be offered: no slot to more patients than it has free places."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._left = {(slot.session_id, slot.starts_at): slot.capacity - slot.booked for slot in slots}

    def next_of(self, slots: Sequence[Slot]) -> Slot | None:
        """The first of the slots that has a place to offer, which is then offered; None where none has."""
        for slot in slots:
            if self._left[slot.session_id, slot.starts_at] > 0:
                self._left[slot.session_id, slot.starts_at] -= 1
                return slot
        return None


def _in_order_of_booking(one: Appointment) -> int:
    return one.ordinal
