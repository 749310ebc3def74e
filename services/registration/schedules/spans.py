"""The rules of changing how many places the slots of an open session have; here of giving it more (加号)."""

from collections.abc import Sequence
from datetime import datetime

from services.registration.schedules.model import AddPlaces, Reason, Session, Slot
from shared.decision import Refused


def more_places(
    command: AddPlaces, session: Session, slots: Sequence[Slot], now: datetime
) -> dict[datetime, int] | Refused:
    """How many places each slot that gets more of them has then. Slots that are over stay as they are."""
    if refusal := fault(session, command.from_at, command.to_at, now):
        return refusal
    more = {
        slot.starts_at: command.capacity
        for slot in slots
        if slot.capacity < command.capacity and slot.ends_at > now and within(slot, command.from_at, command.to_at)
    }
    remedy = "give a capacity that is larger than that of some slot ahead; POST /sessions/{id}/cut takes places away"
    return more or Refused(reason=Reason.NOTHING_TO_ADD, remedy=remedy)


def fault(session: Session, from_at: datetime | None, to_at: datetime | None, now: datetime) -> Refused | None:
    """Why those slots of the session cannot be changed, if they cannot."""
    if session.closed_at is not None:
        return Refused(reason=Reason.SESSION_CLOSED, remedy="choose a session that is not closed")
    if session.ends_at <= now:
        return Refused(reason=Reason.SESSION_OVER, remedy="choose a session that is not over")
    if from_at is not None and to_at is not None and to_at <= from_at:
        return Refused(reason=Reason.SPAN_BACKWARDS, remedy="give a to_at that is after from_at")
    return None


def within(slot: Slot, from_at: datetime | None, to_at: datetime | None) -> bool:
    """Whether the slot starts from `from_at` on and before `to_at`, where these are given."""
    return (from_at is None or slot.starts_at >= from_at) and (to_at is None or slot.starts_at < to_at)
