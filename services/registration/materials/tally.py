"""The metric of who asks for materials and what they are answered; the trail itself is in `material_read`.

Invariant: only what is committed is counted, and an answer that is given again is not.
"""

from typing import Final

from prometheus_client import Counter

from services.registration.materials.reading import Outcome, Purpose
from shared.telemetry import Telemetry

METRIC: Final = "journey_material_reads_total"


class Tally:
    """Counts by purpose and outcome. Each series is there from the start, so that the first of them is seen to rise."""

    def __init__(self, telemetry: Telemetry) -> None:
        says = "What the audit trail of materials has noted"
        self._noted = Counter(METRIC, says, ("purpose", "outcome"), registry=telemetry.registry)
        for purpose in Purpose:
            for outcome in Outcome:
                self._noted.labels(purpose=purpose, outcome=outcome)

    def note(self, purpose: Purpose, outcome: Outcome) -> None:
        """One more."""
        self._noted.labels(purpose=purpose, outcome=outcome).inc()
