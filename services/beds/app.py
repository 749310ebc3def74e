"""The beds service, put together: its routers, its reactions and its timers on one screen. Nothing connects at import.

The optimiser's process is started with the timers, which alone need it; a second one when a round leaves much open or
somebody asks what a round would say. Both end with the service.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.beds.allocation.api import router as allocation
from services.beds.allocation.decision_api import router as decisions
from services.beds.allocation.overdue import Overdue
from services.beds.allocation.round_api import router as bed_rounds
from services.beds.allocation.rounds import Rounds
from services.beds.allocation.worker import Optimiser
from services.beds.casemix import handlers as casemix_handlers
from services.beds.casemix.api import router as casemix
from services.beds.consumers import REACTIONS
from services.beds.coordination.api import router as coordination
from services.beds.daysurgery.api import router as daysurgery
from services.beds.daysurgery.mornings import Mornings
from services.beds.emergency.alarms import Alarms
from services.beds.emergency.api import router as emergency
from services.beds.forecast.api import router as forecast
from services.beds.forecast.making import Forecasts
from services.beds.forecast.worker import Forecaster
from services.beds.housekeeping.api import router as housekeeping
from services.beds.indicators import handlers as indicators_handlers
from services.beds.indicators.api import router as indicators
from services.beds.inventory.api import router as inventory
from services.beds.preparation.api import router as preparation
from services.beds.referrals.api import router as referrals
from services.beds.requests.api import router as requests
from services.beds.scoring.model import Policies
from services.beds.settings import BedsSettings, policies_in
from services.beds.stays import handlers as stays_handlers
from services.beds.stays.api import router as stays
from services.beds.stays.change_api import router as changes
from services.beds.stays.plan_api import router as plans
from services.beds.stays.planning import DuePlans
from services.beds.tables import Row
from shared.hosting import Host, Service
from shared.timers import Timer, in_one_work
from shared.work import Work


@asynccontextmanager
async def resources(host: Host) -> AsyncIterator[None]:
    """The policy in force, the optimiser with its timer, and the forecaster with its own."""
    settings = host.settings
    if not isinstance(settings, BedsSettings):
        raise TypeError("the beds service runs on BedsSettings")
    policies = host.app.state.policies = policies_in(settings.bed_policy)
    quick, thorough = Optimiser(), Optimiser()
    host.app.state.optimiser = thorough
    rounds = Rounds(quick, thorough, policies, settings.hold, Overdue(host.telemetry.registry, host.database.clock))
    host.app.state.rounds = rounds
    host.timers += [DuePlans(policies, settings.hold).timer, Mornings(policies).timer, Alarms(host.telemetry).timer]
    host.timers += [*rounds.timers, case_mix_timer(policies)]
    forecaster = host.app.state.forecaster = Forecaster()
    host.timers.extend(Forecasts(forecaster, settings.forecast_every).timers)
    try:
        if "consumer" in host.parts:
            await quick.start()
        yield
    finally:
        await rounds.close()
        await quick.close()
        await thorough.close()


def case_mix_timer(policies: Policies) -> Timer:
    """Each department's case mix, at the midnight after a stay was settled."""

    async def compute(work: Work, _: int) -> int:
        return await casemix_handlers.compute(policies, work)

    return Timer(name="case-mix", fire=in_one_work(compute), next_due_at=casemix_handlers.next_midnight_with_news)


SERVICE = Service(
    name="beds",
    title="carejourney beds",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(
        *(housekeeping, inventory, casemix, changes, plans, stays),
        *(allocation, bed_rounds, decisions, preparation, requests, coordination, emergency),
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
