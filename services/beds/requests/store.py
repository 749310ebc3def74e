"""Where admission requests are kept, and who is known to have died; and the only SQL about them.

Invariant: one row a request, in one of four phases. Requests are locked in order of id, before any bed.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, String, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Field, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.beds.requests.model import AdmissionRequest, Phase
from services.beds.scoring.model import AdmissionClass, Isolation, Sex
from services.beds.tables import Row
from shared.work import Missing, Stale, Work

PHASES = ", ".join(f"'{phase}'" for phase in Phase)


class AdmissionRequestRow(Row, table=True):
    """A request in its latest version; one that has ended is kept."""

    __tablename__ = "admission_request"
    __table_args__ = (
        CheckConstraint(f"phase IN ({PHASES})", name="request_phase"),
        CheckConstraint("sex IN ('F', 'M', 'U')", name="request_sex"),
        CheckConstraint("triage BETWEEN 1 AND 4", name="request_triage"),
        Index("ix_admission_request_waiting", "requested_at", postgresql_where=text("phase = 'waiting'")),
        Index("ix_admission_request_at_the_desk", "phase", postgresql_where=text("phase IN ('waiting', 'reserved')")),
        Index("ix_admission_request_patient_id", "patient_id"),
        Index("ix_admission_request_requested_at", "requested_at", postgresql_using="brin"),
    )

    request_id: UUID = Field(primary_key=True)
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    sex: str
    age_years: int
    triage: int | None
    admission_class: str
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    social_points: float
    needs: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    isolation: str
    expected_days: int
    wanted_ward_id: str | None
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))
    queued_at: datetime = Field(sa_type=DateTime(timezone=True))
    phase: str
    version: int


COLUMNS = ", ".join(f"admission_request.{name}" for name in AdmissionRequestRow.model_fields)
ALL_WAITING = f"""
SELECT {COLUMNS} FROM admission_request WHERE phase = 'waiting' ORDER BY requested_at, request_id
"""  # noqa: S608 - the names of our own columns
NEXT_VERSION_OF_WAITING = f"""
WITH still AS (
    SELECT request_id FROM admission_request
    WHERE request_id = ANY($1::uuid[]) AND phase = 'waiting' ORDER BY request_id FOR NO KEY UPDATE
)
UPDATE admission_request SET version = version + 1 FROM still
WHERE admission_request.request_id = still.request_id RETURNING {COLUMNS}
"""  # noqa: S608 - the names of our own columns


NEXT_VERSION = f"UPDATE admission_request SET version = version + 1 WHERE request_id = $1 RETURNING {COLUMNS}"  # noqa: S608
EXPECTED_DAYS = "SELECT request_id, expected_days FROM admission_request WHERE request_id = ANY($1::uuid[])"
WAITING_SINCE = "SELECT min(queued_at) FROM admission_request WHERE phase = 'waiting'"


class DeceasedRow(Row, table=True):
    """A patient who has died; a request that is heard of later must not wait."""

    __tablename__ = "deceased"

    patient_id: UUID = Field(primary_key=True)
    deceased_on: date


async def add(work: Work, new: AdmissionRequest) -> bool:
    """Write a new request. False when it is there already."""
    values = insert(AdmissionRequestRow).values(**asdict(new)).on_conflict_do_nothing()
    return (await work.session.exec(values)).rowcount == 1


async def request_or_none(work: Work, request_id: UUID) -> AdmissionRequest | None:
    """The request, if there is one."""
    row = await work.session.get(AdmissionRequestRow, request_id)
    return None if row is None else _request(row.model_dump())


async def request(work: Work, request_id: UUID, *, lock: bool = False) -> AdmissionRequest:
    """The request, locked if wished, or `Missing`."""
    query = select(AdmissionRequestRow).where(col(AdmissionRequestRow.request_id) == request_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.exec(query)).one_or_none()
    if row is None:
        raise Missing("request", request_id)
    return _request(row.model_dump())


async def waiting(work: Work) -> list[AdmissionRequest]:
    """Everybody who waits, oldest request first. Through the driver: a round reads hundreds."""
    return [_request(dict(row)) for row in await (await work.sql()).fetch(ALL_WAITING)]


async def expected_days(work: Work, request_ids: Collection[UUID]) -> dict[UUID, int]:
    """How long each of these stays was planned to be, in days."""
    rows = await (await work.sql()).fetch(EXPECTED_DAYS, list(request_ids))
    return {row["request_id"]: row["expected_days"] for row in rows}


async def waiting_since(work: Work) -> datetime | None:
    """Since when the first of those who wait is known; None when nobody waits."""
    found: datetime | None = await (await work.sql()).fetchval(WAITING_SINCE)
    return found


async def next_version_of_waiting(work: Work, request_ids: Collection[UUID]) -> list[AdmissionRequest]:
    """Those of the requests that still wait, in their next version; locked in order of id."""
    rows = await (await work.sql()).fetch(NEXT_VERSION_OF_WAITING, list(request_ids))
    return [_request(dict(row)) for row in rows]


async def next_version(work: Work, request_id: UUID) -> AdmissionRequest:
    """One request, which this work has locked, in its next version."""
    row = await (await work.sql()).fetchrow(NEXT_VERSION, request_id)
    if row is None:
        raise Missing("request", request_id)
    return _request(dict(row))


async def of_patient(work: Work, patient_id: UUID) -> list[AdmissionRequest]:
    """All requests of a patient, locked in order of id."""
    query = select(AdmissionRequestRow).where(col(AdmissionRequestRow.patient_id) == patient_id)
    return await _locked(work, query.order_by(col(AdmissionRequestRow.request_id)))


async def save(work: Work, changed: AdmissionRequest) -> None:
    """Write a request in its new phase. Raises `Stale` when somebody else wrote it since it was read."""
    seen = (col(AdmissionRequestRow.request_id) == changed.request_id) & (
        col(AdmissionRequestRow.version) == changed.version
    )
    values = {name: getattr(changed, name) for name in ("phase", "admission_class", "triage", "expected_days")}
    result = await work.session.exec(update(AdmissionRequestRow).where(seen).values(**values))
    if result.rowcount != 1:
        raise Stale("request", changed.request_id)


async def note_deceased(work: Work, patient_id: UUID, deceased_on: date) -> None:
    """Remember a death."""
    noted = insert(DeceasedRow).values(patient_id=patient_id, deceased_on=deceased_on)
    await work.session.exec(noted.on_conflict_do_nothing())


async def is_deceased(work: Work, patient_id: UUID) -> bool:
    """Whether the patient is known to have died."""
    return await work.session.get(DeceasedRow, patient_id) is not None


async def _locked(work: Work, query: SelectOfScalar[AdmissionRequestRow]) -> list[AdmissionRequest]:
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return [_request(row.model_dump()) for row in await work.session.exec(fresh)]


def _request(row: dict[str, Any]) -> AdmissionRequest:
    own = {
        "reachable_campuses": tuple(row["reachable_campuses"]),
        "needs": tuple(row["needs"]),
        "sex": Sex(row["sex"]),
        "admission_class": AdmissionClass(row["admission_class"]),
        "isolation": Isolation(row["isolation"]),
        "phase": Phase(row["phase"]),
    }
    return AdmissionRequest(**(row | own))
