"""The projected tables, and the SQL that writes them: a handful of statements a batch, whatever its size.

Invariants: batches commit one after the other (an advisory lock held to the commit), so a reader that has seen a
position has seen everything below it; a bed never goes back to an earlier version; an admission that
has ended stays so unless the leaving is undone later.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Sequence, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.console.projection.batch import Batch, columns
from services.console.projection.model import CHANNEL
from services.console.tables import Row
from shared.tables import ARRIVAL

ONE_BATCH_AT_A_TIME = 7_302_145_586
"""Key of the advisory lock; any number that nothing else in this database uses."""

POSITION = Sequence("feed_position", metadata=Row.metadata)
NEXT_POSITION = text("nextval('feed_position'::regclass)")


class EventRow(Row, table=True):
    """An event as it came. `position` is its place in the live feed: rising in the order of commits."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_position", "position", unique=True),
        Index("ix_event_patient", "patient_id", "occurred_at", "event_id", postgresql_where="patient_id IS NOT NULL"),
    )

    event_id: UUID = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, server_default=NEXT_POSITION, nullable=False, info=ARRIVAL))
    type: str
    topic: str
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    patient_id: UUID | None
    subject: str
    correlation_id: str
    causation_id: str
    fields: dict[str, Any] = Field(sa_type=JSONB)


class EventHourRow(Row, table=True):
    """How many events of a type belong to an hour of business time, UTC."""

    __tablename__ = "event_hour"
    __table_args__ = (
        CheckConstraint("events > 0", name="event_hour_counts"),
        Index("ix_event_hour_hour_at", "hour_at"),
    )

    type: str = Field(primary_key=True)
    hour_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    events: int = Field(sa_type=BigInteger)


class BedNowRow(Row, table=True):
    """A bed as it stands. `added_position` is where the feed first heard of it."""

    __tablename__ = "bed_now"
    __table_args__ = (
        Index("ix_bed_now_position", "position"),
        Index("ix_bed_now_patient", "patient_id", postgresql_where="patient_id IS NOT NULL"),
    )

    bed_id: str = Field(primary_key=True)
    campus_id: str
    ward_id: str
    room_id: str
    status: str
    reserved: bool
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int
    position: int = Field(sa_type=BigInteger, sa_column_kwargs={"info": ARRIVAL})
    added_position: int = Field(sa_type=BigInteger, sa_column_kwargs={"info": ARRIVAL})


class AdmissionRow(Row, table=True):
    """Where an admission stands."""

    __tablename__ = "admission"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'reserved', 'admitted', 'left')", name="admission_state"),
        Index("ix_admission_waiting", "patient_id", postgresql_where="state = 'waiting'"),
    )

    admission_id: UUID = Field(primary_key=True)
    patient_id: UUID
    state: str
    since: datetime = Field(sa_type=DateTime(timezone=True))


class PatientRow(Row, table=True):
    """A patient as far as the topics tell: how many events, the last of them, the day of death."""

    __tablename__ = "patient"
    __table_args__ = (Index("ix_patient_last_at", "last_at"),)

    patient_id: UUID = Field(primary_key=True)
    events: int
    last_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_event_id: UUID
    last_type: str
    deceased_on: date | None


LOCK = "SELECT pg_advisory_xact_lock($1)"
WRITE_EVENTS = """
INSERT INTO event (event_id, type, topic, occurred_at, patient_id, subject, correlation_id, causation_id, fields)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[],
                     $8::text[], $9::jsonb[])
ON CONFLICT (event_id) DO NOTHING
"""
WRITE_HOURS = """
INSERT INTO event_hour AS seen (type, hour_at, events)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[])
ON CONFLICT (type, hour_at) DO UPDATE SET events = seen.events + excluded.events
"""
WRITE_ADMISSIONS = """
INSERT INTO admission AS seen (admission_id, patient_id, state, since)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
ON CONFLICT (admission_id) DO UPDATE SET state = excluded.state, since = excluded.since
WHERE seen.state <> 'left' OR (excluded.state = 'admitted' AND excluded.since > seen.since)
"""
WRITE_PATIENTS = """
INSERT INTO patient AS seen (patient_id, events, last_at, last_event_id, last_type, deceased_on)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::uuid[], $5::text[], $6::date[])
ON CONFLICT (patient_id) DO UPDATE SET (events, last_at, last_event_id, last_type, deceased_on) = (
  SELECT seen.events + excluded.events, last.at, last.event_id, last.type,
         coalesce(excluded.deceased_on, seen.deceased_on)
  FROM (VALUES (seen.last_at, seen.last_event_id, seen.last_type),
               (excluded.last_at, excluded.last_event_id, excluded.last_type)) AS last (at, event_id, type)
  ORDER BY last.at DESC, last.event_id DESC LIMIT 1)
"""
WRITE_BEDS = """
INSERT INTO bed_now AS seen
  (bed_id, campus_id, ward_id, room_id, status, reserved, stay_id, patient_id, changed_at, version, position,
   added_position)
SELECT said.*, next.position, next.position
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::uuid[], $8::uuid[],
            $9::timestamptz[], $10::int[]) AS said,
     (SELECT nextval('feed_position') AS position) AS next
ON CONFLICT (bed_id) DO UPDATE SET
  campus_id = excluded.campus_id, ward_id = excluded.ward_id, room_id = excluded.room_id, status = excluded.status,
  reserved = excluded.reserved, stay_id = excluded.stay_id, patient_id = excluded.patient_id,
  changed_at = excluded.changed_at, version = excluded.version, position = excluded.position
WHERE excluded.version > seen.version
"""
NOTIFY = "SELECT pg_notify($1, '')"


async def write(connection: Any, batch: Batch) -> None:  # noqa: ANN401 - asyncpg carries no types
    """Add a batch to the tables, and tell whoever shows them, with the commit."""
    await connection.execute(LOCK, ONE_BATCH_AT_A_TIME)
    await _write(connection, WRITE_EVENTS, batch.events)
    await _write(connection, WRITE_HOURS, [(*place, events) for place, events in batch.hours.items()])
    await _write(connection, WRITE_ADMISSIONS, list(batch.admissions.values()))
    await _write(connection, WRITE_PATIENTS, _patients(batch))
    await _write(connection, WRITE_BEDS, _beds(batch))
    await connection.execute(NOTIFY, CHANNEL)


async def _write(connection: Any, statement: str, rows: list[tuple[Any, ...]]) -> None:  # noqa: ANN401
    if rows:
        await connection.execute(statement, *columns(rows))


def _patients(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (patient_id, line.events, line.last_at, line.last_event_id, line.last_type, line.deceased_on)
        for patient_id, line in batch.patients.items()
    ]


def _beds(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (
            bed.bed_id,
            bed.campus_id,
            bed.ward_id,
            bed.room_id,
            bed.status,
            bed.reserved,
            bed.stay_id,
            bed.patient_id,
            bed.changed_at,
            bed.aggregate_version,
        )
        for bed in batch.beds.values()
    ]
