"""Discharge, put together: its routers, its reactions and its timer on one screen. Nothing connects at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from services.discharge.accounts.api import router as accounts
from services.discharge.clearance.api import router as clearance
from services.discharge.consumers import REACTIONS
from services.discharge.insurance.adapter import HttpCentre
from services.discharge.insurance.desk import CallArchive, CentreDesk
from services.discharge.settings import DischargeSettings
from services.discharge.settlement import handlers as settlements
from services.discharge.settlement.api import records
from services.discharge.settlement.api import router as settlement
from services.discharge.settlement.flow import BedsideFlow
from services.discharge.tables import Row
from shared.hosting import Host, Service
from shared.timers import Timer


@asynccontextmanager
async def centre(host: Host) -> AsyncIterator[None]:
    """Open the way to the insurance centre, and let the recovery look after what it leaves unanswered."""
    settings = host.settings
    assert isinstance(settings, DischargeSettings)  # noqa: S101 - the class that SERVICE names below
    seconds = settings.centre_timeout_seconds
    async with httpx.AsyncClient(base_url=settings.centre_url, timeout=seconds, trust_env=False) as client:
        adapter = HttpCentre(client, settings.institution, CallArchive(host.database))
        desk = CentreDesk(database=host.database, centre=adapter, institution=settings.institution)
        flow = BedsideFlow(database=host.database, desk=desk)
        host.app.state.bedside = flow
        host.timers.append(
            Timer(name="settlement-recovery", fire=flow.recover, next_due_at=settlements.next_recovery_at)
        )
        yield


SERVICE = Service(
    name="discharge",
    title="carejourney discharge",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(accounts, clearance, settlement, records),
    reactions=REACTIONS,
    settings=DischargeSettings,
    resources=centre,
)
