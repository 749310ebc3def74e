"""What a patient is told when visits change: what they know of each, what is off, and what there is instead.

Invariant: nobody is told that a visit is off of which they do not know, or that has begun; and of one change once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.reminders.model import (
    Notice,
    Reason,
    Reminder,
    State,
    Visit,
    ended,
    given_up,
    is_off,
    pending,
)

TOLD = (State.SENDING, State.SENT, State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamChange:
    """The plan of an exam order is another since `before`, when its visits were to start; `visits` is what there is.

    `starts` is when each of its exams starts; `off` is what is told where there is no visit, None nothing. `shown`: the
    patient has chosen the places, so they know of each. `moved_to` is where the one exam is that was moved; None where
    the plan was made or ended.
    """

    order_id: UUID
    patient_id: UUID
    version: int
    zone: str
    before: Sequence[datetime]
    visits: Sequence[Visit]
    starts: frozenset[datetime]
    off: Notice | None
    shown: bool
    moved_to: datetime | None


def told(reminders: Sequence[Reminder]) -> dict[datetime, bool]:
    """What was last said of each start: that there is a visit, or none. What may have been sent counts."""
    known: dict[datetime, bool] = {}
    for one in sorted(reminders, key=lambda one: (one.due_at, one.of_version)):
        if one.state in TOLD:
            known |= dict.fromkeys(one.instead_of, False)
            known[one.slot_starts_at] = not is_off(one)
    return known


def notices(
    change: ExamChange, present: Sequence[Reminder], now: datetime
) -> tuple[Sequence[Reminder], Sequence[Reminder]]:
    """The notices that tell the change, and those that waited to be sent and are not to be any more.

    `present` are the order's reminders before. What a notice would have told that waited goes into the new one.
    """
    known, waiting = told(present), [one for one in present if one.state is State.PENDING and one.rung in set(Notice)]
    void = [one for one in waiting if _void(one, change)]
    over = [ended(one, State.DROPPED, Reason.SUPERSEDED, now) for one in void]
    lost = {start for start in change.before if known.get(start, change.shown)}
    lost |= {start for one in void for start in (*one.instead_of, *((one.slot_starts_at,) if is_off(one) else ()))}
    gone = sorted(start for start in lost - change.starts if start > now)
    if not change.visits:
        return [_off(change, start, change.off, now) for start in gone if change.off], over
    heralds = {one.slot_starts_at: one for one in waiting if one not in void}
    fresh = [visit for visit in change.visits if visit.starts_at > now and _is_news(visit, change, known, heralds)]
    instead = _instead(gone, change)
    new = []
    for visit in change.visits:
        was = instead.get(visit.starts_at, [])
        if was and (herald := heralds.get(visit.starts_at)):
            over.append(ended(herald, State.DROPPED, Reason.SUPERSEDED, now))
            was = sorted({*was, *herald.instead_of})
        if was or visit in fresh:
            notice = pending(visit, Notice.MOVED if was else Notice.PLACED, now, change.version)
            new.append(replace(notice, instead_of=tuple(was)))
    return new, over


def _void(waiting: Reminder, change: ExamChange) -> bool:
    """Whether a notice that was not sent yet would tell what is not so any more."""
    if is_off(waiting):
        return bool(change.visits) or waiting.rung != change.off
    return all(visit.starts_at != waiting.slot_starts_at for visit in change.visits)


def _is_news(visit: Visit, change: ExamChange, known: dict[datetime, bool], heralds: dict[datetime, Reminder]) -> bool:
    """Whether the patient has to be told that the visit is there. Who books sees it; what is moved is confirmed."""
    if visit.starts_at in change.before or visit.starts_at in heralds:
        return False
    return visit == _holding(change) if change.shown else not known.get(visit.starts_at, False)


def _instead(gone: Sequence[datetime], change: ExamChange) -> dict[datetime, list[datetime]]:
    """Start of a visit → starts of those that are off for it.

    What is left of a visit is on its day. Else it is where the exam is that was moved, or, of plans, one for one.
    """
    new = [visit for visit in change.visits if visit.starts_at not in change.before]
    instead: dict[datetime, list[datetime]] = {}
    for number, start in enumerate(gone):
        same_day = next((visit for visit in new if _day(visit.starts_at, change) == _day(start, change)), None)
        visit = same_day or _holding(change) or (new or change.visits)[min(number, len(new or change.visits) - 1)]
        instead.setdefault(visit.starts_at, []).append(start)
    return instead


def _holding(change: ExamChange) -> Visit | None:
    """The visit in which the exam is that was moved."""
    if change.moved_to is None:
        return None
    held = [visit for visit in change.visits if visit.starts_at <= change.moved_to]
    return held[-1] if held else None


def _off(change: ExamChange, start: datetime, off: Notice, now: datetime) -> Reminder:
    visit = given_up(change.order_id, change.patient_id, start, change.zone, off)
    return pending(visit, off, now, change.version)


def _day(start: datetime, change: ExamChange) -> date:
    return start.astimezone(ZoneInfo(change.zone)).date()
