"""Which sessions and slots a clinic's template gives each day.

A session keeps its hours when the clinic's zone changes its offset. Its id follows from clinic, day, start and access:
opening a day twice opens it once.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from services.registration.schedules.model import (
    Access,
    Clinic,
    Hours,
    OpenSessions,
    Reason,
    Session,
    Slot,
    instant,
)
from shared.decision import Refused

MOST_DAYS = 366
SESSIONS = uuid5(NAMESPACE_URL, "carejourney/registration/sessions")


def plan_sessions(command: OpenSessions, clinic: Clinic) -> list[tuple[Session, list[Slot]]] | Refused:
    """Every session that the template gives those days, with its slots, in order."""
    days = (command.to_on - command.from_on).days + 1
    if days < 1:
        return Refused(reason=Reason.DAYS_BACKWARDS, remedy="give a to_on that is not before from_on")
    if days > MOST_DAYS:
        return Refused(reason=Reason.TOO_MANY_DAYS, remedy=f"open at most {MOST_DAYS} days at once")
    span = (command.from_on + timedelta(days=number) for number in range(days))
    return [
        _session(clinic, day, hours) for day in span for hours in clinic.template if hours.weekday == day.isoweekday()
    ]


def _session(clinic: Clinic, day: date, hours: Hours) -> tuple[Session, list[Slot]]:
    starts_at = instant(clinic.zone, day, hours.from_minute)
    slots = [
        Slot(
            session_id=_session_id(clinic, day, hours),
            clinic_id=clinic.clinic_id,
            starts_at=begin,
            ends_at=end,
            capacity=hours.capacity,
        )
        for begin, end in _spans(starts_at, instant(clinic.zone, day, hours.to_minute), hours.slot_minutes)
    ]
    session = Session(
        session_id=slots[0].session_id,
        clinic_id=clinic.clinic_id,
        campus_id=clinic.campus_id,
        session_on=day,
        starts_at=starts_at,
        ends_at=slots[-1].ends_at,
        slot_minutes=hours.slot_minutes,
        places=hours.capacity * len(slots),
        access=hours.access,
        version=1,
    )
    return session, slots


def _session_id(clinic: Clinic, day: date, hours: Hours) -> UUID:
    """Of clinic, day, start and, where it is not public, whom it is for."""
    pool = "" if hours.access is Access.PUBLIC else f"/{hours.access}"
    return uuid5(SESSIONS, f"{clinic.clinic_id}/{day.isoformat()}/{hours.from_minute}{pool}")


def _spans(starts_at: datetime, ends_at: datetime, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """Slots of `minutes` each; at least one, even where the zone's clock jumps over the whole session."""
    step = timedelta(minutes=minutes)
    at = starts_at
    while True:
        yield at, at + step
        at += step
        if at >= ends_at:
            return
