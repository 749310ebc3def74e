"""Registration, put together: its routers, its reactions and its timers on one screen. Nothing connects at import."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.registration.admissions.api import router as admissions
from services.registration.arrivals.api import router as arrivals
from services.registration.booking import handlers as booking_handlers
from services.registration.booking.api import respond
from services.registration.booking.api import router as booking
from services.registration.booking.lane import Lane
from services.registration.booking.straight import STRAIGHT
from services.registration.calendars.api import router as calendars
from services.registration.consents.api import router as consents
from services.registration.consumers import REACTIONS
from services.registration.displacement.api import router as displacement
from services.registration.limits.api import router as limits
from services.registration.patients.api import router as patients
from services.registration.schedules import handlers as schedules_handlers
from services.registration.schedules.api import router as schedules
from services.registration.tables import Row
from services.registration.visitrequests.api import router as visit_requests
from shared.hosting import Host, Service
from shared.timers import Timer, in_one_work


@asynccontextmanager
async def writer_lane(host: Host) -> AsyncIterator[None]:
    """Run the writer lane as long as the service; on the way out those who wait get their answers."""
    lane = host.app.state.lane = Lane(host.database, respond)
    running = asyncio.create_task(lane.run(), name="writer-lane")
    yield
    lane.stop()
    await running


HOLDS = Timer(
    name="holds", fire=in_one_work(booking_handlers.expire_holds), next_due_at=booking_handlers.next_hold_ends_at
)
NO_SHOWS = Timer(
    name="no-shows",
    fire=in_one_work(booking_handlers.note_no_shows),
    next_due_at=booking_handlers.next_session_over_at,
)
RELEASES = Timer(
    name="releases",
    fire=in_one_work(schedules_handlers.release_due),
    next_due_at=schedules_handlers.next_release_at,
)

SERVICE = Service(
    name="registration",
    title="carejourney registration",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(
        patients,
        calendars,
        consents,
        limits,
        schedules,
        booking,
        displacement,
        arrivals,
        visit_requests,
        admissions,
    ),
    straight=STRAIGHT,
    reactions=REACTIONS,
    timers=(HOLDS, NO_SHOWS, RELEASES),
    resources=writer_lane,
)
