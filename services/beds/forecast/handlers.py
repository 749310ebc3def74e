"""What can be asked of forecasts: one function a use case. A forecast is two units of work and a computation."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.beds.forecast import store
from services.beds.forecast.model import Calibration, Forecast, ForecastLine, ForecastQuestion, Scope
from services.beds.forecast.scenario import Change, Copy, WhatIfQuestion, unknown_ward
from services.beds.indicators import handlers as indicators
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import place_of
from services.beds.scoring.model import HOSPITAL_ZONE, Policy
from shared.work import Missing, Work

RECENT_ARRIVALS = 2000
WHAT_IF_SECONDS = 20.0


async def prepare_forecast(work: Work) -> ForecastQuestion:
    """What a forecast that is made now is made from. The instant is its seed, so that it can be made again."""
    await store.one_read_only_snapshot(work)
    return ForecastQuestion(
        now=work.now,
        hour_of_week=hour_of_week(work.now),
        wards=await store.wards(work),
        lying=await store.lying(work),
        past=await store.past(work),
        seed=int(work.now.timestamp()),
    )


async def keep_forecast(made_at: datetime, lines: Sequence[ForecastLine], work: Work) -> None:
    """Keep what was computed, to be read and to be scored."""
    await store.keep(work, made_at, lines)


async def next_forecast_at(every: timedelta, work: Work) -> datetime | None:
    """When the next forecast is due: so long after the last, if a bed has changed since; the first one at once."""
    last = await store.last_made_at(work)
    changed_at = await indicators.next_change(last, work)
    return changed_at if last is None or changed_at is None else max(last + every, changed_at)


async def score_forecasts(work: Work, _: int) -> int:
    """Hold the forecasts of the earliest instant that has come against what was. Returns how many instants."""
    target_at = await store.first_unscored_at(work)
    if target_at is None or target_at > work.now:
        return 0
    await store.score(work, target_at, await indicators.occupied_at(target_at, work))
    return 1


async def next_score_at(work: Work) -> datetime | None:
    """The next instant that forecasts were made for."""
    return await store.first_unscored_at(work)


async def forecast(scope: Scope | None, group_id: str | None, work: Work) -> Forecast:
    """The last forecast; `Missing` before the first."""
    found = await store.latest(work, scope, group_id)
    if found is None:
        raise Missing("forecast")
    return found


async def calibration(work: Work) -> list[Calibration]:
    """How forecasts have turned out, by scope and horizon."""
    return await store.calibration(work)


async def prepare_what_if(
    changes: tuple[Change, ...], hours: int, seed: int, policy: Policy, work: Work
) -> WhatIfQuestion:
    """A copy of the pool with the changes to try, read at one instant by a transaction that cannot write.

    Raises `Missing` where a change names a ward that is not there.
    """
    await store.one_read_only_snapshot(work)
    beds = await inventory.beds(None, None, work)
    places = tuple(place_of(bed, None) for bed in beds)
    if (ward := unknown_ward(places, changes)) is not None:
        raise Missing("ward", ward)
    return WhatIfQuestion(
        copy=Copy(
            now=work.now,
            hour_of_week=hour_of_week(work.now),
            places=places,
            occupants=await store.occupants(work),
            waiting=await store.waiting(work),
            arrivals=await store.recent_arrivals(work, RECENT_ARRIVALS),
            policy=policy,
        ),
        past=await store.past(work),
        changes=changes,
        hours=hours,
        seed=seed,
        seconds=WHAT_IF_SECONDS,
    )


def hour_of_week(now: datetime) -> int:
    """Hours since Monday 00:00 by the hospital's clock."""
    local = now.astimezone(HOSPITAL_ZONE)
    return local.weekday() * 24 + local.hour
