"""The events for other programs: CloudEvents as JSON, in the order of the feed's positions.

Invariant: whoever comes back with the last position it has seen misses nothing. A position belongs to one drawing of
the projection: one that lies ahead of the feed is of an earlier drawing, and everything is sent again.
"""

import json

from fastapi.sse import format_sse_event

from services.console.live.feed import RETRY_MILLISECONDS, Read
from services.console.projection import queries
from services.console.projection.model import Happening
from shared.envelope import SOURCE_PREFIX
from shared.http import Queries
from shared.work import Work

AT_ONCE = 200


async def start_of(position: int | None, work: Work) -> int:
    """Where a stream begins that is asked for from a position; None is from now on."""
    head = await queries.head(work)
    if position is None:
        return head
    return position if position <= head else 0


def events_after(runner: Queries) -> Read:
    """Reads the next events after a position, as many as are sent at once."""

    async def read(position: int) -> tuple[int, bytes] | None:
        happenings: list[Happening] = await runner.run(_next_after, position)
        if not happenings:
            return None
        return happenings[-1].position, b"".join(map(_encoded, happenings))

    return read


async def _next_after(position: int, work: Work) -> list[Happening]:
    return await queries.next_after(work, position, AT_ONCE)


def _encoded(happening: Happening) -> bytes:
    """One event of the stream, named by its type."""
    event = {
        "specversion": "1.0",
        "id": str(happening.event_id),
        "source": SOURCE_PREFIX + happening.service,
        "type": happening.type,
        "time": happening.occurred_at.isoformat(),
        "subject": happening.subject,
        "datacontenttype": "application/json",
        "dataschema": f"{happening.type}.schema.json",
        "correlationid": happening.correlation_id,
        "causationid": happening.causation_id,
        "data": happening.fields,
    }
    return format_sse_event(
        data_str=json.dumps(event, ensure_ascii=False, separators=(",", ":")),
        event=happening.type,
        id=str(happening.position),
        retry=RETRY_MILLISECONDS,
    )
