"""The beds service, put together: its routers, its reactions and its timers on one screen. Nothing connects at import.

The optimiser's process is started with the timers, which alone need it, and ended with them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.beds.allocation.api import router as allocation
from services.beds.allocation.rounds import Rounds
from services.beds.allocation.worker import Optimiser
from services.beds.consumers import REACTIONS
from services.beds.coordination.api import router as coordination
from services.beds.daysurgery.api import router as daysurgery
from services.beds.daysurgery.mornings import Mornings
from services.beds.emergency.alarms import Alarms
from services.beds.emergency.api import router as emergency
from services.beds.forecast.api import router as forecast
from services.beds.forecast.making import Forecasts
from services.beds.forecast.worker import Forecaster
from services.beds.indicators import handlers as indicators_handlers
from services.beds.indicators.api import router as indicators
from services.beds.inventory.api import router as inventory
from services.beds.preparation.api import router as preparation
from services.beds.referrals.api import router as referrals
from services.beds.requests.api import router as requests
from services.beds.settings import BedsSettings, policy_in
from services.beds.stays import handlers as stays_handlers
from services.beds.stays.api import router as stays
from services.beds.tables import Row
from shared.hosting import Host, Service
from shared.timers import Timer, in_one_work


@asynccontextmanager
async def resources(host: Host) -> AsyncIterator[None]:
    """The policy in force, the optimiser with its timer, and the forecaster with its own."""
    settings = host.settings
    if not isinstance(settings, BedsSettings):
        raise TypeError("the beds service runs on BedsSettings")
    policy = host.app.state.policy = policy_in(settings.bed_policy)
    optimiser = Optimiser()
    host.timers.append(Alarms(host.telemetry).timer)
    host.timers.append(Rounds(optimiser, policy, settings.hold).timer)
    host.timers.append(Mornings(policy).timer)
    forecaster = host.app.state.forecaster = Forecaster()
    host.timers.extend(Forecasts(forecaster, settings.forecast_every).timers)
    try:
        if "consumer" in host.parts:
            await optimiser.start()
        yield
    finally:
        await optimiser.close()


SERVICE = Service(
    name="beds",
    title="carejourney beds",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(
        *(inventory, stays, allocation, preparation, requests, coordination, emergency),
        *(indicators, forecast, daysurgery, referrals),
    ),
    reactions=REACTIONS,
    timers=(
        Timer(
            name="reservation-expiry",
            fire=in_one_work(stays_handlers.expire_reservations),
            next_due_at=stays_handlers.next_hold_ends_at,
        ),
        Timer(
            name="indicators-day",
            fire=in_one_work(indicators_handlers.close_days),
            next_due_at=indicators_handlers.next_day_ends_at,
        ),
    ),
    settings=BedsSettings,
    resources=resources,
)
