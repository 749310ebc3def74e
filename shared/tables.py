"""The tables that every service's database has beside its own: outbox, inbox, versions, parked events, commands.

`machinery(metadata)` adds them to a service's metadata, so that its migrations create them like the rest.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

SHARDS = 32
"""An outbox row's shard is a hash of its key; one relay at a time sends a shard."""

LARGEST_VALUE_BYTES = 900_000
"""Kafka's default limit is 1 MiB a batch, headers included."""

ARRIVAL = {"arrival": True}
"""Marks a column (its `info`) that says when a row came and not what it says: no two readings of the topics agree."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "%(table_name)s_pkey",
}


def machinery(metadata: MetaData) -> None:
    """Add the shared tables. `…_at` columns here are wall-clock times: they say how old a row is, for operators."""
    for table in (_outbox, _inbox, _aggregate_version, _parked, _dead_letter_log, _command):
        table(metadata)


def _outbox(metadata: MetaData) -> None:
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("shard", SmallInteger, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("value", LargeBinary),
        _wall("written_at"),
        CheckConstraint(f"shard >= 0 AND shard < {SHARDS}", name="outbox_shard"),
        CheckConstraint(f"octet_length(value) <= {LARGEST_VALUE_BYTES}", name="outbox_value_size"),
    )


def _inbox(metadata: MetaData) -> None:
    Table(
        "inbox",
        metadata,
        Column("event_id", Uuid, primary_key=True),
        _wall("taken_at"),
        Index("ix_inbox_taken_at", "taken_at", postgresql_using="brin"),
    )


def _aggregate_version(metadata: MetaData) -> None:
    Table(
        "aggregate_version",
        metadata,
        Column("aggregate", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
    )


def _parked(metadata: MetaData) -> None:
    Table(
        "parked",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("aggregate", Text),
        Column("type", Text),
        Column("key", LargeBinary),
        Column("headers", LargeBinary, nullable=False),
        Column("value", LargeBinary),
        Column("reason", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        _wall("parked_at"),
        Index("one_parked_record", "topic", "partition", "offset", unique=True),
        Index("ix_parked_aggregate", "aggregate"),
    )


def _dead_letter_log(metadata: MetaData) -> None:
    """Who decided what about a parked record, and when; `fault` is why a redrive changed nothing."""
    Table(
        "dead_letter_log",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("who", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("fault", Text),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("aggregate", Text),
        Column("type", Text),
        _wall("decided_at"),
        CheckConstraint("action IN ('redrive', 'drop')", name="dead_letter_action"),
    )


def _command(metadata: MetaData) -> None:
    Table(
        "command",
        metadata,
        Column("key", Text, primary_key=True),
        Column("route", Text, nullable=False),
        Column("body_hash", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("answer", LargeBinary, nullable=False),
        _wall("answered_at"),
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="command_key_length"),
        Index("ix_command_answered_at", "answered_at", postgresql_using="brin"),
    )


def _wall(name: str) -> "Column[datetime]":
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())
