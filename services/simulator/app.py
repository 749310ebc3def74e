"""The outside world as a process: the simulated insurance centre. Nothing connects at import.

It speaks on no topic and reacts to none; the machinery of a service gives it its database, clock, health and metrics.
"""

from pathlib import Path

from services.simulator.centre.api import fsi, router
from services.simulator.tables import Row
from shared.hosting import Service

SERVICE = Service(
    name="simulator",
    title="carejourney simulated insurance centre",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(fsi, router),
)
