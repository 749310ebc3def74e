"""What happens to a batch of events: it becomes rows, and whoever shows them is told."""

from collections.abc import Sequence

from services.console.projection import store
from services.console.projection.batch import fold
from shared.inbox import Received
from shared.work import Work


async def project(received: Sequence[Received], work: Work) -> None:
    """Draw these events, none of which was drawn before, into the tables."""
    if received:
        await store.write(await work.sql(), fold(received))
