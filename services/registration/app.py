"""Registration, put together: its routers, its reactions and its timers on one screen. Nothing connects at import."""

from pathlib import Path

from services.registration.consumers import REACTIONS
from services.registration.patients.api import router as patients
from services.registration.tables import Row
from shared.hosting import Service

SERVICE = Service(
    name="registration",
    title="carejourney registration",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(patients,),
    reactions=REACTIONS,
)
