"""The rows of schedules; and where clinics, with their weeks and the days on which they do otherwise, are kept.

Invariants: a slot never has more places taken than it has; nobody, no room and no vehicle is in two sittings at a time.
Sessions are written and read by `session_store`, slots by `slot_store`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import CheckConstraint, Column, DateTime, Index, delete, text, update
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint, insert
from sqlmodel import Field, col, select

from services.registration.schedules.model import Access, Clinic, Hours, Kind, MdtForm, PutDay, Resource
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work

LINES = TypeAdapter(tuple[Hours, ...])
STRETCH = (
    "box(point(hashtextextended(resource_id, 0)::float8, extract(epoch FROM starts_at AT TIME ZONE 'UTC')::float8),"
    " point(hashtextextended(resource_id, 0)::float8, extract(epoch FROM ends_at AT TIME ZONE 'UTC')::float8 - 1))"
)
"""A stretch of the resource's own line, to the second before it ends: x is a hash of its id, y counts seconds.

A GiST index compares boxes without an extension, and is four times quicker at it than at two ranges.
"""


class ClinicRow(Row, table=True):
    """A clinic in the latest version, with its template."""

    __tablename__ = "clinic"

    clinic_id: str = Field(primary_key=True)
    campus_id: str
    specialty: str
    zone: str
    calendar_id: str | None
    name_zh: str | None
    name_en: str | None
    template: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int


class ClinicDayRow(Row, table=True):
    """A day on which a clinic does not keep its week, with the lines that it keeps instead."""

    __tablename__ = "clinic_day"

    clinic_id: str = Field(primary_key=True, foreign_key="clinic.clinic_id")
    on: date = Field(primary_key=True)
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class SessionRow(Row, table=True):
    """A session: one pool of places, for the public or for those that `access` says."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="session_ends_after_start"),
        CheckConstraint("slot_minutes > 0 AND places >= 0", name="session_has_places"),
        CheckConstraint(f"access IN ({words(Access)})", name="session_access"),
        CheckConstraint(f"kind IN ({words(Kind)})", name="session_kind"),
        CheckConstraint(f"mdt_form IN ({words(MdtForm)})", name="session_mdt_form"),
        Index("ix_session_clinic_id_starts_at", "clinic_id", "starts_at"),
        Index("ix_session_sitting_id", "sitting_id"),
        Index("ix_session_expected", "ends_at", postgresql_where=text("NOT no_shows_noted")),
        Index("ix_session_kept", "released_at", postgresql_where=text("access <> 'public'")),
    )

    session_id: UUID = Field(primary_key=True)
    sitting_id: UUID | None
    clinic_id: str = Field(foreign_key="clinic.clinic_id")
    campus_id: str
    session_on: date
    starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    slot_minutes: int
    places: int
    access: str = Field(sa_column_kwargs={"server_default": Access.PUBLIC})
    kind: str = Field(sa_column_kwargs={"server_default": Kind.ORDINARY})
    service_code: str | None
    mdt_form: str | None
    stop: str | None
    released_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    version: int
    no_shows_noted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """It is over and nobody is expected in it any more (`booking.noshows`)."""


class EngagementRow(Row, table=True):
    """A clinician, room or vehicle that a sitting takes up. Its pools are sessions with the same `sitting_id`."""

    __tablename__ = "engagement"
    __table_args__ = (
        CheckConstraint(f"resource IN ({words(Resource)})", name="engagement_resource"),
        *(
            ExcludeConstraint(
                (text(STRETCH), "&&"),
                where=text(f"resource = '{resource}'"),
                name=f"{resource}_in_one_sitting",
            )
            for resource in Resource
        ),
    )

    sitting_id: UUID = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    resource_id: str = Field(primary_key=True)
    starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))


class SlotRow(Row, table=True):
    """A slot and how many of its places are taken. Pages are left part empty, so that counting up stays in place."""

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("booked BETWEEN 0 AND capacity", name="slot_never_oversold"),
        CheckConstraint("last_ordinal >= booked", name="slot_ordinals_cover_bookings"),
        CheckConstraint("starts_at < ends_at", name="slot_ends_after_start"),
        Index("ix_slot_clinic_id_starts_at", "clinic_id", "starts_at"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    session_id: UUID = Field(primary_key=True, foreign_key="session.session_id")
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    clinic_id: str
    capacity: int
    booked: int
    last_ordinal: int


async def knows_zone(work: Work, zone: str) -> bool:
    """Whether the database can tell the time of day in the zone, as searches for slots ask it to."""
    try:
        async with work.session.begin_nested():
            await (await work.sql()).execute("SELECT timezone($1, to_timestamp(0))", zone)
    except asyncpg.InvalidParameterValueError:
        return False
    return True


async def clinic(work: Work, clinic_id: str) -> Clinic | None:
    """The clinic, or None."""
    row = await work.session.get(ClinicRow, clinic_id)
    return None if row is None else _clinic(row)


async def locked_clinic(work: Work, clinic_id: str, *, alone: bool) -> Clinic:
    """The clinic, or `Missing`; its row is kept for this work, in share or alone."""
    query = select(ClinicRow).where(col(ClinicRow.clinic_id) == clinic_id)
    locked = query.with_for_update(read=not alone, key_share=alone).execution_options(populate_existing=True)
    row = (await work.session.exec(locked)).one_or_none()
    if row is None:
        raise Missing("clinic", clinic_id)
    return _clinic(row)


async def clinics(work: Work, campus_id: str | None) -> list[Clinic]:
    """All clinics, or those of a campus, by id."""
    query = select(ClinicRow).order_by(col(ClinicRow.clinic_id))
    if campus_id is not None:
        query = query.where(col(ClinicRow.campus_id) == campus_id)
    return [_clinic(row) for row in await work.session.exec(query)]


async def keep_clinic(work: Work, changed: Clinic) -> None:
    """Write a new clinic or the next version. Raises `Stale` when somebody else wrote it first."""
    fields = {name: getattr(changed, name) for name in ClinicRow.model_fields}
    fields["template"] = _lines(changed.template)
    if changed.version == 1:
        if await work.insert(ClinicRow(**fields)):
            raise Stale("clinic", changed.clinic_id)
        return
    previous = (col(ClinicRow.clinic_id) == changed.clinic_id) & (col(ClinicRow.version) == changed.version - 1)
    result = await work.session.exec(update(ClinicRow).where(previous).values(**fields))
    if result.rowcount != 1:
        raise Stale("clinic", changed.clinic_id)


async def keep_day(work: Work, day: PutDay) -> None:
    """Write what the clinic does on a single day."""
    new = insert(ClinicDayRow).values(clinic_id=day.clinic_id, on=day.on, lines=_lines(day.lines))
    same_day = [col(ClinicDayRow.clinic_id), col(ClinicDayRow.on)]
    await work.session.exec(new.on_conflict_do_update(index_elements=same_day, set_={"lines": new.excluded.lines}))


async def drop_day(work: Work, clinic_id: str, on: date) -> None:
    """The clinic keeps its week on that day."""
    mine = (col(ClinicDayRow.clinic_id) == clinic_id) & (col(ClinicDayRow.on) == on)
    await work.session.exec(delete(ClinicDayRow).where(mine))


async def days(work: Work, clinic_id: str, from_on: date, to_on: date) -> dict[date, Sequence[Hours]]:
    """The days on which the clinic does not keep its week, both ends included."""
    mine = (col(ClinicDayRow.clinic_id) == clinic_id) & col(ClinicDayRow.on).between(from_on, to_on)
    rows = await work.session.exec(select(ClinicDayRow).where(mine).order_by(col(ClinicDayRow.on)))
    return {row.on: LINES.validate_python(row.lines) for row in rows}


def _lines(lines: tuple[Hours, ...]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = LINES.dump_python(lines, mode="json", exclude_defaults=True)
    return written


def _clinic(row: ClinicRow) -> Clinic:
    return Clinic(**{**row.model_dump(), "template": LINES.validate_python(row.template)})
