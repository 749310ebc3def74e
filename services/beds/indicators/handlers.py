"""What can be asked of the indicators, and the closing of days: one function a use case."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.beds.indicators import model, store
from services.beds.indicators.model import ONE_DAY, Asked, By, Diseases, Each, Indicators, Line, Sums
from services.beds.scoring.model import Policy, day_of
from services.beds.stays.model import INSTANT
from shared.work import Work

DAYS_AT_ONCE = 31
Key = tuple[Any, ...]
Times = dict[str, tuple[float, ...]]


async def indicators(asked: Asked, policy: Policy, work: Work) -> Indicators:
    """What the pool did on these days, the running one up to now, beside what its beds could do.

    Raises `BadRange` for days that cannot be asked for.
    """
    model.check(asked, work.now)
    await _close_through(min(asked.to_on, day_of(work.now) - ONE_DAY), work)
    live = model.running(asked, work.now)
    counted = await store.sums(work, asked, live)
    times = await store.times(work, asked, live)
    diseases = await store.diseases(work, asked, live)
    wards = await store.wards_now(work)
    by_ward = await store.sums(work, replace(asked, by=By.WARD, each=Each.RANGE), live)
    departments, pooled = model.departments(wards)
    return Indicators(
        asked=asked,
        closed_through_on=await store.closed_through(work),
        lines=[_line(key, sums, times.get(key, {}), diseases.get(key), policy) for key, sums in counted.items()],
        still_waiting=model.waits(await store.still_waiting(work), policy),
        departments=departments,
        pooled_departments=pooled,
        bounds=model.bounds(wards, {key[0]: sums for key, sums in by_ward.items()}, model.missing_hours(live)),
    )


async def close_days(work: Work, _: int) -> int:
    """Count days that are over for good. Returns how many."""
    return await _close_through(day_of(work.now) - ONE_DAY, work)


async def next_day_ends_at(work: Work) -> datetime | None:
    """When the next day is over on which a bed has changed."""
    on = await _next_day(work)
    return None if on is None else model.begin_of(on + ONE_DAY)


async def next_change(after: datetime | None, work: Work) -> datetime | None:
    """The first change of any bed after an instant, or of all; a new bed is none."""
    return await store.first_change_after(work, after + INSTANT if after else None)


async def occupied_at(at: datetime, work: Work) -> dict[str, int]:
    """How many beds of each ward were occupied at an instant that has passed; wards without any are left out."""
    return await store.occupied_at(work, at)


async def _close_through(last: date, work: Work) -> int:
    """Close the days up to this one on which a bed has changed, a month at once. Whoever is second passes over them.

    The others need no row: a day without any change is as the last midnight before it, so that a clock that jumps over
    empty years finds nothing to stop for.
    """
    closed = 0
    while closed < DAYS_AT_ONCE and (on := await _next_day(work)) is not None and on <= last:
        await store.close(work, on, model.begin_of(on), model.begin_of(on + ONE_DAY))
        closed += 1
    return closed


async def _next_day(work: Work) -> date | None:
    """The first day after the last closed one on which a bed has changed."""
    closed = await store.closed_through(work)
    changed_at = await store.first_change_after(work, model.begin_of(closed + ONE_DAY) if closed else None)
    return None if changed_at is None else day_of(changed_at)


def _line(key: Key, sums: Sums, times: Times, diseases: Diseases | None, policy: Policy) -> Line:
    return Line(
        group_id=key[0],
        on_day=key[1],
        sums=sums,
        waiting=model.waits(times, policy),
        boarding=model.spread(times["boarding"]) if "boarding" in times else None,
        cleaning=model.spread(times["cleaning"]) if "cleaning" in times else None,
        diseases=diseases,
    )
