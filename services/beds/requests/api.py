"""The HTTP side of admission requests: who waits, in order and with reasons. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.casemix.model import RwSource
from services.beds.requests import handlers
from services.beds.requests.model import AdmissionRequest, Phase, Ranked
from services.beds.scoring.model import AdmissionClass, Isolation, Sex, Urgency
from services.beds.settings import CurrentPolicy
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/requests", tags=["requests"], responses=REFUSALS)

READERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.CLINICIAN, Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM)


class RequestView(BaseModel):
    """An admission request (入院证). Instants are UTC."""

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: list[str]
    sex: Sex
    age_years: int
    triage: int | None
    admission_class: AdmissionClass
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None = Field(description="relative weight that the clinic gave; null = not known yet")
    level4: bool = Field(description="as the clinic wrote it; a loaded catalogue decides")
    department_cmi: float = Field(description="as the clinic wrote it; counts until enough stays were settled")
    social_points: float
    needs: list[str]
    isolation: Isolation
    expected_days: int
    wanted_ward_id: str | None = Field(description="a wish, not a rule")
    requested_at: AwareDatetime
    queued_at: AwareDatetime
    phase: Phase
    version: int


class TermView(BaseModel):
    """One line of a score: weight times value."""

    name: str
    weight: float
    value: float
    points: float
    assumed: bool = Field(description="the value stands in for one that nobody has given yet")


class RankedView(BaseModel):
    """A patient who waits, with the reasons for their place in the queue."""

    rank: int
    tier: int = Field(description="0 goes before everybody of tier 1")
    waited_hours: float
    points: float = Field(description="the sum of the terms that are the patient's own, whichever the bed")
    terms: list[TermView]
    policy_version: str
    rw_source: RwSource = Field(
        description="the table of weights in force, the request, or the median of the department's settled stays"
    )
    request: RequestView


class LongestWaitView(BaseModel):
    """Those of one urgency who wait."""

    urgency: Urgency
    waiting: int
    overdue: int = Field(description="of them, those who wait longer than is allowed")
    ratio: float = Field(description="longest wait ÷ longest that is allowed")
    request_id: UUID = Field(description="whose wait that is")


@router.get("", dependencies=[may(*READERS)])
async def ranked_requests(
    queries: QueryRunner, policy: CurrentPolicy, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[RankedView]:
    """Everybody who waits for a bed, the most urgent first, with the score of each term by term."""
    return [_ranked(one) for one in await queries.run(handlers.ranked, policy, limit)]


@router.get("/longest-waits", dependencies=[may(*READERS)])
async def longest_waits(queries: QueryRunner, policy: CurrentPolicy) -> list[LongestWaitView]:
    """For each urgency, the longest wait beside the longest that is allowed; above 1 somebody is overdue."""
    found = await queries.run(handlers.longest_waits, policy)
    return [LongestWaitView.model_validate(one, from_attributes=True) for one in found]


@router.get("/{request_id}", dependencies=[may(*READERS)])
async def admission_request(request_id: UUID, queries: QueryRunner) -> RequestView:
    """One admission request."""
    return _view(await queries.run(handlers.request, request_id))


def _view(request: AdmissionRequest) -> RequestView:
    return RequestView.model_validate(request, from_attributes=True)


def _ranked(one: Ranked) -> RankedView:
    return RankedView(
        rank=one.rank,
        tier=one.tier,
        waited_hours=one.waited_hours,
        points=one.points,
        terms=[TermView.model_validate(term, from_attributes=True) for term in one.terms],
        policy_version=one.policy_version,
        rw_source=one.rw_source,
        request=_view(one.request),
    )
