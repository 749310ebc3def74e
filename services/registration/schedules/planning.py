"""Which sessions a clinic's week, its calendar and its exceptions give each day.

A session keeps its hours when the clinic's zone changes its offset. Its id follows from clinic, day, start and access:
opening a day twice opens it once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import NAMESPACE_URL, uuid5

from services.registration.calendars.model import Calendar
from services.registration.schedules.model import (
    MOST_DAYS,
    Access,
    Clinic,
    Hours,
    OpenSessions,
    Reason,
    Session,
    instant,
)
from shared.decision import Refused

SESSIONS = uuid5(NAMESPACE_URL, "carejourney/registration/sessions")

Days = Mapping[date, Sequence[Hours]]
"""The days on which a clinic does not keep its week, and what it does on them."""


def days_fault(command: OpenSessions, today: date) -> Refused | None:
    """What is wrong with the days to be opened, if anything is."""
    days = (command.to_on - command.from_on).days + 1
    if days < 1:
        return Refused(reason=Reason.DAYS_BACKWARDS, remedy="give a to_on that is not before from_on")
    if days > MOST_DAYS:
        return Refused(reason=Reason.TOO_MANY_DAYS, remedy=f"open at most {MOST_DAYS} days at once")
    if command.from_on < today:
        return Refused(reason=Reason.DAYS_PAST, remedy=f"give a from_on that is not past: {today} or later")
    return None


def plan_sessions(
    command: OpenSessions, clinic: Clinic, calendar: Calendar | None = None, exceptions: Days | None = None
) -> list[Session]:
    """Every session of those days, in order."""
    days = (command.to_on - command.from_on).days + 1
    return [
        _session(clinic, day, line)
        for day in (command.from_on + timedelta(days=number) for number in range(days))
        for line in _lines(day, clinic, calendar, exceptions or {})
    ]


def overlap(opened: Iterable[Session], present: Iterable[Session]) -> Refused | None:
    """A clinic is in one sitting at a time: what was opened before its week or a day changed may be in the way."""
    of_day = defaultdict(list)
    for session in present:
        if session.closed_at is None:
            of_day[session.session_on].append(session)
    for new in opened:
        for old in of_day[new.session_on]:
            is_pool = (old.sitting_id, old.ends_at) == (new.sitting_id, new.ends_at)
            if not is_pool and old.starts_at < new.ends_at and new.starts_at < old.ends_at:
                remedy = (
                    f"close what is open on {new.session_on} at the time, or keep its hours; a second room is a clinic"
                )
                return Refused(reason=Reason.HOURS_OVERLAP, remedy=remedy)
    return None


def beyond(command: OpenSessions, calendar: Calendar | None) -> int:
    """How many of the days the calendar says nothing about; none without a calendar."""
    if calendar is None:
        return 0
    days = (command.to_on - command.from_on).days + 1
    return sum(not calendar.covers(command.from_on + timedelta(days=number)) for number in range(days))


def _lines(day: date, clinic: Clinic, calendar: Calendar | None, exceptions: Days) -> Iterable[Hours]:
    """An exception goes before the calendar, the calendar before the week."""
    if day in exceptions:
        return exceptions[day]
    weekday, is_off = day.isoweekday(), False
    if calendar is not None and calendar.covers(day):
        weekday, is_off = calendar.weekday(day), calendar.is_off(day)
    return [line for line in clinic.template if line.weekday == weekday and (line.on_holidays or not is_off)]


def _session(clinic: Clinic, day: date, line: Hours) -> Session:
    """At least one slot, even where the zone's clock jumps over the whole session."""
    name = f"{clinic.clinic_id}/{day.isoformat()}/{line.from_minute}"
    sitting_id = uuid5(SESSIONS, name)
    starts_at = instant(clinic.zone, day, line.from_minute)
    step = timedelta(minutes=line.slot_minutes)
    slots = max(1, -((starts_at - instant(clinic.zone, day, line.to_minute)) // step))
    opens = line.release
    return Session(
        session_id=sitting_id if line.access is Access.PUBLIC else uuid5(SESSIONS, f"{name}/{line.access}"),
        sitting_id=sitting_id,
        clinic_id=clinic.clinic_id,
        campus_id=clinic.campus_id,
        session_on=day,
        starts_at=starts_at,
        ends_at=starts_at + slots * step,
        slot_minutes=line.slot_minutes,
        places=line.capacity * slots,
        access=line.access,
        setting=line.setting,
        released_at=instant(clinic.zone, day - timedelta(days=opens.days_ahead), opens.at_minute) if opens else None,
        version=1,
    )
