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
from services.registration.consumers import REACTIONS
from services.registration.examcatalogue.api import router as exam_catalogue
from services.registration.exams import handlers as exam_handlers
from services.registration.exams.api import router as exams
from services.registration.patients.api import router as patients
from services.registration.recognition.api import router as recognition
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
EXAM_HOLDS = Timer(
    name="exam-holds", fire=in_one_work(exam_handlers.expire_holds), next_due_at=exam_handlers.next_hold_ends_at
)

SERVICE = Service(
    name="registration",
    title="carejourney registration",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(patients, schedules, booking, arrivals, visit_requests, admissions, exam_catalogue, recognition, exams),
    straight=STRAIGHT,
    reactions=REACTIONS,
    timers=(HOLDS, EXAM_HOLDS),
    resources=writer_lane,
)
