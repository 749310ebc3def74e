"""Where promises are kept, and the only SQL about them.

Invariant, at every instant ahead: a bed is promised once, a patient has one promise, and a single-sex room is promised
to one sex. Exclusion constraints hold it, as they do for the beds in use.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, func, text, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlmodel import Field, col, select

from services.beds.planned.model import Kind, Plan, State
from services.beds.tables import Row
from shared.work import Missing, Work

ONE_PROMISE_A_BED = "one_promise_a_bed"
ONE_PROMISE_A_PATIENT = "one_promise_a_patient"
ONE_PROMISE_A_REQUEST = "one_promise_a_request"
ONE_SEX_A_PROMISED_ROOM = "one_sex_a_promised_room"
KINDS = ", ".join(f"'{kind}'" for kind in Kind)
STATES = ", ".join(f"'{state}'" for state in State)
SEX_AS_RANGE = "CASE sex WHEN 'F' THEN int4range(0, 1) WHEN 'M' THEN int4range(1, 2) END"
PLANNED = text("state = 'planned'")


class PlanRow(Row, table=True):
    """A promise in its latest version; one that has ended is kept."""

    __tablename__ = "bed_plan"
    __table_args__ = (
        ExcludeConstraint(
            (text("int8range(bed_no, bed_no, '[]')"), "&&"), ("during", "&&"), where=PLANNED, name=ONE_PROMISE_A_BED
        ),
        ExcludeConstraint(
            (text("uuidrange(patient_id, patient_id, '[]')"), "&&"),
            ("during", "&&"),
            where=text("state = 'planned' AND patient_id IS NOT NULL"),
            name=ONE_PROMISE_A_PATIENT,
        ),
        ExcludeConstraint(
            (text("int8range(room_no, room_no, '[]')"), "&&"),
            (text(f"({SEX_AS_RANGE})"), "-|-"),
            ("during", "&&"),
            where=text("state = 'planned' AND single_sex AND sex IS NOT NULL"),
            name=ONE_SEX_A_PROMISED_ROOM,
        ),
        CheckConstraint(f"kind IN ({KINDS})", name="bed_plan_kind"),
        CheckConstraint(f"state IN ({STATES})", name="bed_plan_state"),
        CheckConstraint("(kind = 'reservation') = (request_id IS NOT NULL)", name="bed_plan_of_a_request"),
        CheckConstraint("(request_id IS NULL) = (patient_id IS NULL)", name="bed_plan_of_a_patient"),
        CheckConstraint("(state = 'planned') = (ended_at IS NULL)", name="bed_plan_ended"),
        CheckConstraint("NOT isempty(during)", name="bed_plan_lasts"),
        Index("ix_bed_plan_bed_id", "bed_id", postgresql_where=PLANNED),
        Index(ONE_PROMISE_A_REQUEST, "request_id", unique=True, postgresql_where=PLANNED),
    )

    plan_id: UUID = Field(primary_key=True)
    kind: str
    bed_id: str = Field(foreign_key="bed.bed_id")
    bed_no: int = Field(sa_type=BigInteger)
    room_no: int = Field(sa_type=BigInteger)
    ward_id: str
    request_id: UUID | None = Field(foreign_key="admission_request.request_id")
    patient_id: UUID | None
    sex: str | None
    single_sex: bool
    during: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))
    notice_at: datetime = Field(sa_type=DateTime(timezone=True))
    announced: bool
    reason: str | None
    planned_by: str
    planned_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str
    ended_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    ended_by: str | None
    ended_reason: str | None
    version: int


async def add(work: Work, new: Plan) -> str | None:
    """Write a promise. Returns the name of the constraint that refused it, or None."""
    return await work.insert(PlanRow(**_values(new)))


async def save(work: Work, changed: Plan) -> None:
    """Write a promise that this work has locked."""
    same = col(PlanRow.plan_id) == changed.plan_id
    await work.session.exec(update(PlanRow).where(same).values(**_values(changed)))


async def locked(work: Work, plan_id: UUID) -> Plan:
    """The promise, nobody else's until this work is done; `Missing` when there is none."""
    row = await work.session.get(PlanRow, plan_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise Missing("plan", plan_id)
    return _plan(row)


async def of_bed(work: Work, bed_id: str) -> list[Plan]:
    """What a bed is promised for, earliest first."""
    return await _planned(work, col(PlanRow.bed_id) == bed_id)


async def of_patient(work: Work, patient_id: UUID) -> list[Plan]:
    """What is promised to a patient, earliest first."""
    return await _planned(work, col(PlanRow.patient_id) == patient_id)


async def planned(work: Work, ward_id: str | None, limit: int) -> list[Plan]:
    """All promises, or those of a ward, earliest first."""
    of_ward = () if ward_id is None else (col(PlanRow.ward_id) == ward_id,)
    return (await _planned(work, *of_ward))[:limit]


async def begun(work: Work) -> list[Plan]:
    """Promises whose time has come."""
    return await _planned(work, func.lower(PlanRow.during) <= work.now)


async def held_beds(work: Work) -> set[str]:
    """The beds that a promise has taken hold of."""
    held = select(PlanRow.bed_id).where(PLANNED, col(PlanRow.notice_at) <= work.now)
    return set(await work.session.exec(held))


async def patients(work: Work, patient_ids: Collection[UUID]) -> set[UUID]:
    """Those of the patients to whom a bed is promised."""
    promised = select(PlanRow.patient_id).where(PLANNED, col(PlanRow.patient_id).in_(list(patient_ids)))
    return {one for one in await work.session.exec(promised) if one is not None}


async def announce(work: Work, limit: int) -> int:
    """Note that promises have taken hold of their beds; of how many."""
    due = select(PlanRow.plan_id).where(PLANNED, ~col(PlanRow.announced), col(PlanRow.notice_at) <= work.now)
    ids = list(await work.session.exec(due.order_by(col(PlanRow.notice_at)).limit(limit).with_for_update()))
    await work.session.exec(update(PlanRow).where(col(PlanRow.plan_id).in_(ids)).values(announced=True))
    return len(ids)


async def next_instant(work: Work) -> datetime | None:
    """When the next promise takes hold of its bed or begins, after those that have begun."""
    notice = await work.session.exec(select(func.min(PlanRow.notice_at)).where(PLANNED, ~col(PlanRow.announced)))
    begin = func.min(func.lower(PlanRow.during))
    ahead = await work.session.exec(select(begin).where(PLANNED, func.lower(PlanRow.during) > work.now))
    return min((at for at in (notice.one(), ahead.one()) if at is not None), default=None)


async def _planned(work: Work, *conditions: Any) -> list[Plan]:  # noqa: ANN401 - conditions of SQLAlchemy
    begin = func.lower(PlanRow.during)
    query = select(PlanRow).where(PLANNED, *conditions).order_by(begin, col(PlanRow.plan_id))
    return [_plan(row) for row in await work.session.exec(query, execution_options={"populate_existing": True})]


def _values(plan: Plan) -> dict[str, Any]:
    values = asdict(plan)
    return values | {"during": Range(values.pop("from_at"), values.pop("until_at"))}


def _plan(row: PlanRow) -> Plan:
    values = row.model_dump(exclude={"during"})
    own = {"kind": Kind(row.kind), "state": State(row.state)}
    return Plan(**(values | own), from_at=cast(datetime, row.during.lower), until_at=row.during.upper)
