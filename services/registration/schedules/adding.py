"""The rules of adding places to a session that is open (加号)."""

from collections.abc import Sequence
from datetime import datetime

from services.registration.schedules.model import AddPlaces, Reason, Session, Slot
from shared.decision import Refused


def capacities(
    command: AddPlaces, session: Session, slots: Sequence[Slot], now: datetime
) -> dict[datetime, int] | Refused:
    """How many places each slot that gets more of them has then. Slots that are over stay as they are."""
    if session.closed_at is not None:
        return Refused(reason=Reason.SESSION_CLOSED, remedy="choose a session that is not closed, or open another")
    if session.ends_at <= now:
        return Refused(reason=Reason.SESSION_OVER, remedy="choose a session that is not over")
    if command.from_at is not None and command.to_at is not None and command.to_at <= command.from_at:
        return Refused(reason=Reason.SPAN_BACKWARDS, remedy="give a to_at that is after from_at")
    more = {
        slot.starts_at: command.capacity
        for slot in slots
        if slot.capacity < command.capacity and slot.ends_at > now and _within(command, slot)
    }
    remedy = "give a capacity that is larger than that of some slot ahead; POST /sessions/{id}/cut takes places away"
    return more or Refused(reason=Reason.NOTHING_TO_ADD, remedy=remedy)


def _within(command: AddPlaces, slot: Slot) -> bool:
    after = command.from_at is None or slot.starts_at >= command.from_at
    return after and (command.to_at is None or slot.starts_at < command.to_at)
