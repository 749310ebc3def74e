"""Where admission requests are kept, and the only SQL about them.

Invariant: an encounter belongs to at most one request.
"""

from collections import defaultdict
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, col, select

from services.registration.admissions.model import (
    AdmissionClass,
    AdmissionRequest,
    CoveredEncounter,
    Isolation,
    Need,
    Reason,
    Source,
)
from services.registration.tables import Row
from shared.work import Missing, Work

CONFLICTS = {
    "admission_request_pkey": Reason.REQUEST_EXISTS,
    "admission_encounter_pkey": Reason.ENCOUNTER_COVERED,
}
WRITE_ENCOUNTERS = """
INSERT INTO admission_encounter (encounter_id, request_id, encounter_class, place)
SELECT encounter_id, $1, encounter_class, place
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS one (encounter_id, encounter_class, place)
ON CONFLICT DO NOTHING
"""
COUNT_REQUESTS = "SELECT source, count(*) AS requests FROM admission_request GROUP BY source ORDER BY source"
COUNT_ENCOUNTERS = """
SELECT encounter_class, count(*) AS encounters FROM admission_encounter
GROUP BY encounter_class ORDER BY encounter_class
"""


class AdmissionRequestRow(Row, table=True):
    """An admission request; it does not change."""

    __tablename__ = "admission_request"
    __table_args__ = (
        CheckConstraint("triage BETWEEN 1 AND 4", name="admission_request_triage"),
        CheckConstraint("rw > 0", name="admission_request_rw"),
        CheckConstraint("expected_days > 0", name="admission_request_days"),
        Index("ix_admission_request_patient_id", "patient_id"),
    )

    request_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
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
    needs: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    isolation: str
    expected_days: int
    wanted_ward_id: str | None = None
    exams: list[str] = Field(sa_column=Column(ARRAY(Text), server_default="{}", nullable=False))
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))


class AdmissionEncounterRow(Row, table=True):
    """An encounter that a request covers; `place` is its number in the request, from 1."""

    __tablename__ = "admission_encounter"
    __table_args__ = (Index("ix_admission_encounter_request_id", "request_id"),)

    encounter_id: str = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="admission_request.request_id")
    encounter_class: str
    place: int


async def add(work: Work, new: AdmissionRequest) -> Reason | None:
    """Write a new request with its encounters. Returns why it cannot be, or None."""
    row = AdmissionRequestRow(
        request_id=new.request_id,
        patient_id=new.patient_id,
        exams=list(new.exams),
        requested_at=new.requested_at,
        **asdict(new.need),
    )
    if constraint := await work.insert(row):
        return CONFLICTS[constraint]
    ids = [one.encounter_id for one in new.encounters]
    classes = [one.encounter_class for one in new.encounters]
    written = await (await work.sql()).execute(WRITE_ENCOUNTERS, new.request_id, ids, classes)
    return None if written == f"INSERT 0 {len(ids)}" else Reason.ENCOUNTER_COVERED


async def admission_request(work: Work, request_id: UUID) -> AdmissionRequest:
    """The request, or `Missing`."""
    row = await work.session.get(AdmissionRequestRow, request_id)
    if row is None:
        raise Missing("admission-request", request_id)
    return (await _requests(work, [row]))[0]


async def admission_requests(work: Work, after: UUID | None, limit: int) -> list[AdmissionRequest]:
    """A page of requests by id."""
    query = select(AdmissionRequestRow).order_by(col(AdmissionRequestRow.request_id)).limit(limit)
    if after is not None:
        query = query.where(col(AdmissionRequestRow.request_id) > after)
    return await _requests(work, list(await work.session.exec(query)))


async def counts(work: Work) -> tuple[dict[str, int], dict[str, int]]:
    """How many requests by source, and how many encounters they cover by class."""
    connection = await work.sql()
    by_source = {row["source"]: row["requests"] for row in await connection.fetch(COUNT_REQUESTS)}
    by_class = {row["encounter_class"]: row["encounters"] for row in await connection.fetch(COUNT_ENCOUNTERS)}
    return by_source, by_class


async def _requests(work: Work, rows: list[AdmissionRequestRow]) -> list[AdmissionRequest]:
    """The rows as the rules see them, each with its encounters in order."""
    mine = col(AdmissionEncounterRow.request_id).in_([row.request_id for row in rows])
    query = select(AdmissionEncounterRow).where(mine).order_by(col(AdmissionEncounterRow.place))
    covered: defaultdict[UUID, list[CoveredEncounter]] = defaultdict(list)
    for one in await work.session.exec(query):
        covered[one.request_id].append(
            CoveredEncounter(encounter_id=one.encounter_id, encounter_class=one.encounter_class)
        )
    return [
        AdmissionRequest(
            request_id=row.request_id,
            patient_id=row.patient_id,
            need=_need(row),
            encounters=tuple(covered[row.request_id]),
            exams=tuple(row.exams),
            requested_at=row.requested_at,
        )
        for row in rows
    ]


def _need(row: AdmissionRequestRow) -> Need:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(Need)}
    return Need(
        **values
        | {
            "source": Source(row.source),
            "admission_class": AdmissionClass(row.admission_class),
            "isolation": Isolation(row.isolation),
            "reachable_campuses": tuple(row.reachable_campuses),
            "needs": tuple(row.needs),
        }
    )
