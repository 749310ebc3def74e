"""Reading the coordinator's page."""

from services.console.desk.model import SHOWN, Desk, lines
from services.console.projection import queries
from shared.work import Work


async def desk(work: Work) -> Desk:
    """Everybody who waits for a bed or has one reserved."""
    return Desk(now=work.now, lines=lines(await queries.at_the_desk(work, SHOWN), work.now))
