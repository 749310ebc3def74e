"""Followup, put together: its routers, its reactions and its timers on one screen. Nothing connects at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.followup.callbacks import handlers as callbacks_handlers
from services.followup.callbacks.api import router as callbacks
from services.followup.consumers import REACTIONS
from services.followup.plans.api import router as plans
from services.followup.plans.handlers import make_due_tasks, next_due_at
from services.followup.tables import Row
from services.followup.templates.api import router as templates
from services.followup.templates.handlers import publish_shipped
from services.followup.visits.api import router as visits
from services.followup.worklist.api import router as worklist
from shared.hosting import Host, Service
from shared.timers import Timer, in_one_work


@asynccontextmanager
async def published_templates(host: Host) -> AsyncIterator[None]:
    """What comes with this version of the service is published before anything is followed up by it."""
    async with host.database.work() as work:
        await publish_shipped(work)
    yield


SERVICE = Service(
    name="followup",
    title="carejourney followup",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(templates, plans, visits, worklist, callbacks),
    reactions=REACTIONS,
    timers=(
        Timer(name="followup-due", fire=in_one_work(make_due_tasks), next_due_at=next_due_at),
        Timer(
            name="call-back-due",
            fire=in_one_work(callbacks_handlers.make_due),
            next_due_at=callbacks_handlers.next_due_at,
        ),
    ),
    resources=published_templates,
)
