"""Registration, put together: its routers, its reactions and its timers on one screen. Nothing connects at import."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.registration.admissions.api import router as admissions
from services.registration.applications.api import router as applications
from services.registration.arrivals.api import router as arrivals
from services.registration.booking import handlers as booking_handlers
from services.registration.booking.api import router as booking
from services.registration.booking.lane import Lane
from services.registration.booking.straight import STRAIGHT
from services.registration.calendars.api import router as calendars
from services.registration.consents.api import router as consents
from services.registration.consumers import AT_ONCE, REACTIONS
from services.registration.desk.api import router as desk
from services.registration.displacement.api import router as displacement
from services.registration.examcatalogue.api import router as exam_catalogue
from services.registration.exams import handlers as exam_handlers
from services.registration.exams.api import router as exams
from services.registration.exams.calendars_api import router as exam_calendars
from services.registration.guide.api import router as guide
from services.registration.limits.api import router as limits
from services.registration.materials import handlers as material_handlers
from services.registration.materials.api import router as materials
from services.registration.materials.tally import Tally
from services.registration.materials.vault import Vault, quarantine_age
from services.registration.passes.api import router as passes
from services.registration.patients.api import router as patients
from services.registration.queue.api import router as queue
from services.registration.quota import handlers as quota_handlers
from services.registration.quota.api import router as quota
from services.registration.recognition.api import router as recognition
from services.registration.reminders import handlers as reminder_handlers
from services.registration.reminders.api import router as reminders
from services.registration.reminders.sending import Dispatch, unreached_patients
from services.registration.schedules import handlers as schedules_handlers
from services.registration.schedules.api import router as schedules
from services.registration.settings import RegistrationSettings
from services.registration.tables import Row
from services.registration.visitrequests.api import router as visit_requests
from services.registration.waitlist import handlers as waitlist_handlers
from services.registration.waitlist.acceptance import accept_unasked
from services.registration.waitlist.api import router as waitlist
from shared.hosting import Host, Service
from shared.timers import Timer, in_one_work


@asynccontextmanager
async def resources(host: Host) -> AsyncIterator[None]:
    """Let reminders out and materials into the store by the ways that the settings name, and run the writer lane."""
    settings = host.settings
    assert isinstance(settings, RegistrationSettings)  # noqa: S101 - the class that SERVICE names below
    dispatch = Dispatch(settings.senders, host.telemetry)
    host.measured.append(unreached_patients(host.telemetry))
    host.timers.append(Timer(name="reminders", fire=dispatch.fire, next_due_at=reminder_handlers.next_due_at))
    vault = host.app.state.vault = Vault(objects=settings.object_store, scanner=settings.virus_scanner)
    host.app.state.tally = Tally(host.telemetry)
    host.measured.append(quarantine_age(host.telemetry, host.database.clock))
    if vault.may_scan:
        host.timers.append(Timer(name="scans", fire=vault.scan_due, next_due_at=material_handlers.next_scan_at))
    async with writer_lane(host):
        yield


@asynccontextmanager
async def writer_lane(host: Host) -> AsyncIterator[None]:
    """The writer lane; on the way out those who wait get their answers."""
    lane = host.app.state.lane = Lane(host.database)
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
WAITLIST = Timer(
    name="waitlist", fire=in_one_work(waitlist_handlers.lapse_entries), next_due_at=waitlist_handlers.next_lapse_at
)
ACCEPTANCES = Timer(name="acceptances", fire=accept_unasked, next_due_at=waitlist_handlers.next_unasked_at)
QUOTA = Timer(name="quota", fire=in_one_work(quota_handlers.release), next_due_at=quota_handlers.next_release_at)
EXAM_HOLDS = Timer(
    name="exam-holds", fire=in_one_work(exam_handlers.expire_holds), next_due_at=exam_handlers.next_hold_ends_at
)
UPLOADS = Timer(
    name="uploads", fire=in_one_work(material_handlers.abandon_uploads), next_due_at=material_handlers.next_abandoned_at
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
        waitlist,
        displacement,
        arrivals,
        queue,
        visit_requests,
        admissions,
        desk,
        guide,
        reminders,
        passes,
        quota,
        exam_catalogue,
        recognition,
        exams,
        exam_calendars,
        materials,
        applications,
    ),
    straight=STRAIGHT,
    reactions=REACTIONS,
    at_once=AT_ONCE,
    timers=(HOLDS, NO_SHOWS, RELEASES, WAITLIST, ACCEPTANCES, QUOTA, EXAM_HOLDS, UPLOADS),
    settings=RegistrationSettings,
    resources=resources,
)
