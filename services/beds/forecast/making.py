"""A forecast from end to end: read, compute elsewhere, keep. And the timers that make and score them.

Invariant: no transaction is open while the forecaster computes. One that is lost is tried again after a while.
"""

from datetime import datetime, timedelta

from services.beds.forecast import handlers
from services.beds.forecast.worker import Forecaster, ForecasterLost
from shared.database import Database
from shared.log import logger
from shared.timers import Timer, in_one_work
from shared.work import Work

REST = timedelta(minutes=15)

log = logger(__name__)


class Forecasts:
    """Makes forecasts with one forecaster, one every so often; never where `every` is no time at all."""

    def __init__(self, forecaster: Forecaster, every: timedelta) -> None:
        self._forecaster = forecaster
        self._every = every
        self._not_before: datetime | None = None

    @property
    def timers(self) -> tuple[Timer, Timer]:
        """A forecast is due while beds change; its score, when the hour has come that it speaks of."""
        return (
            Timer(name="forecast", fire=self.make, next_due_at=self.next_due_at),
            Timer(
                name="forecast-score",
                fire=in_one_work(handlers.score_forecasts),
                next_due_at=handlers.next_score_at,
            ),
        )

    async def next_due_at(self, work: Work) -> datetime | None:
        """When the next forecast is due."""
        due_at = await handlers.next_forecast_at(self._every, work) if self._every else None
        return due_at if due_at is None or self._not_before is None else max(due_at, self._not_before)

    async def make(self, database: Database, _: int) -> int:
        """Make a forecast now. Returns how many were made."""
        async with database.work() as work:
            question = await handlers.prepare_forecast(work)
        try:
            lines = await self._forecaster.forecast(question)
        except ForecasterLost as lost:
            self._not_before = question.now + REST
            log.warning("forecast-lost", error=type(lost).__name__)
            return 0
        async with database.work() as work:
            await handlers.keep_forecast(question.now, lines, work)
        return 1
