"""Bugs that the checker has to find, each put in by replacing one part of the service under test.

Nothing of the product knows them. `BUGS` names those that live in a service's process; the fourth,
`synchronous_commit=off`, is a setting of the database server (`tests.chaos.planting`).
"""

from importlib import import_module

from shared import hosting
from shared.relay import BATCH_ROWS, Relay, _by_partition, _send

CHECK_THEN_INSERT = "check-then-insert"
RELAY_ID_CURSOR = "relay-id-cursor"
ACK_BEFORE_COMMIT = "ack-before-commit"
SYNCHRONOUS_COMMIT_OFF = "synchronous-commit-off"

READ_AFTER = "SELECT id, topic, key, headers, value FROM outbox WHERE id > $1 ORDER BY id LIMIT $2"
DELETE_UP_TO = "DELETE FROM outbox WHERE id <= $1"
GUARDS = (
    ("WHERE place <= free", "WHERE free > 0"),
    ("WHERE place > free", "WHERE free <= 0"),
    ("SET booked = booked + given.places", "SET booked = least(capacity, booked + given.places)"),
)


def check_then_insert() -> None:
    """Everybody who finds a free place takes it, however many find the same one; the count is kept as it should be."""
    taking = import_module("services.registration.booking.taking")

    statement = taking.MANY
    for right, wrong in GUARDS:
        assert right in statement, f"the statement no longer says {right!r}: plant the bug anew"
        statement = statement.replace(right, wrong)
    taking.MANY = statement


def relay_with_an_id_cursor() -> None:
    """What is sent next is what lies above the last id sent; rows whose transaction commits later are passed over."""

    class CursorRelay(Relay):
        last_id = 0

        async def _send_some(self, connection, producer) -> bool:
            rows = await connection.fetch(READ_AFTER, self.last_id, BATCH_ROWS)
            if not rows:
                return False
            for (topic, partition), group in (await _by_partition(producer, rows)).items():
                while group:
                    group = group[len(await _send(producer, topic, partition, group)) :]  # noqa: PLW2901
            self.last_id = rows[-1]["id"]
            await connection.execute(DELETE_UP_TO, self.last_id)
            return len(rows) == BATCH_ROWS

    hosting.Relay = CursorRelay


def acknowledge_before_commit() -> None:
    """The offset is committed when the batch has come, not when its effect is there."""

    class HastyConsumer(hosting.Consumer):
        async def _take(self, records) -> None:
            await self._acknowledge()
            await super()._take(records)

    hosting.Consumer = HastyConsumer


BUGS = {
    CHECK_THEN_INSERT: check_then_insert,
    RELAY_ID_CURSOR: relay_with_an_id_cursor,
    ACK_BEFORE_COMMIT: acknowledge_before_commit,
}
