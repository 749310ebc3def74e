"""The timer of the emergency room's limits, and the metric that counts what it said.

Invariant: only what is committed is counted. Every series begins at nought, or its first alert would be no increase.
"""

from itertools import product
from typing import Final

from prometheus_client import Counter

from services.beds.emergency import handlers
from services.beds.emergency.model import Room, Said
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
        for room, alert in product(Room, (Said.NEAR, Said.PASSED)):
            self._said.labels(room=room, alert=alert)

    @property
    def timer(self) -> Timer:
        """An alert is due at its instant."""
        return Timer(name="emergency-limits", fire=self.run, next_due_at=handlers.next_alarm_at)

    async def run(self, database: Database, limit: int) -> int:
        """Say what has come up. Returns for how many patients something had."""
        async with database.work() as work:
            alarmed = await handlers.alarm(work, limit)
        for one in alarmed.said:
            self._said.labels(room=one.room, alert=one.alerted).inc()
        return alarmed.looked_at
