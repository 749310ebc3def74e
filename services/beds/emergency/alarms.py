"""The timer of the emergency room's limits, and the metric that counts what it said.

Invariant: only what is committed is counted.
"""

from typing import Final

from prometheus_client import Counter

from services.beds.emergency import handlers
from shared.database import Database
from shared.telemetry import Telemetry
from shared.timers import Timer

METRIC: Final = "journey_emergency_limits_total"


class Alarms:
    """Says what has come up, and counts it by room and alert."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._said = Counter(
            METRIC, "Emergency patients near or past their limit", ("room", "alert"), registry=telemetry.registry
        )

    @property
    def timer(self) -> Timer:
        """An alert is due at its instant."""
        return Timer(name="emergency-limits", fire=self.run, next_due_at=handlers.next_alarm_at)

    async def run(self, database: Database, limit: int) -> int:
        """Say what has come up. Returns for how many patients something had."""
        async with database.work() as work:
            alarmed = await handlers.alarm(work, limit)
        for one in alarmed.said:
            self._said.labels(room=one.room, alert=one.said).inc()
        return alarmed.looked_at
