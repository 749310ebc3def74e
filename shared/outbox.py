"""The outbox: events on their way to Kafka, written in the transaction of what they tell, deleted once acknowledged."""

import zlib
from collections.abc import Sequence
from typing import Any

import orjson

from shared.envelope import Headers, Outgoing
from shared.tables import SHARDS

WRITE = """
INSERT INTO outbox (shard, topic, key, headers, value)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[])
"""


async def write(connection: Any, events: Sequence[Outgoing]) -> None:  # noqa: ANN401 - asyncpg carries no types
    """Add events in the order given, in the connection's open transaction; one statement."""
    await connection.execute(
        WRITE,
        [shard_of(event.key) for event in events],
        [event.topic for event in events],
        [event.key for event in events],
        [pack_headers(event.headers) for event in events],
        [event.value for event in events],
    )


def shard_of(key: str) -> int:
    """Which relay's turn it is; the same on every machine."""
    return zlib.crc32(key.encode()) % SHARDS


def pack_headers(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Headers as one column: pairs in order, bytes as latin-1 text, so that any byte comes back as it was."""
    return orjson.dumps([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def unpack_headers(packed: bytes) -> Headers:
    """The inverse of `pack_headers`."""
    return [(name, None if text is None else text.encode("latin-1")) for name, text in orjson.loads(packed)]
