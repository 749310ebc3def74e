"""The HTTP side of rounds: what they reached, a morning round now, and what a round would say. No rule lives here."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.allocation import handlers, inputs, trial
from services.beds.allocation.agenda import Kind
from services.beds.allocation.trial import TrialRequest, TrialView
from services.beds.allocation.worker import OptimiserLost
from services.beds.scoring.model import Unscorable
from services.beds.settings import CurrentPolicy, EveryPolicy
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.problem import problem

router = APIRouter(tags=["bed rounds"], responses=refusals())

READERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.CLINICIAN, Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM)
MOST_TRIED = 2_000


class RoundView(BaseModel):
    """What a round reached."""

    round_no: int
    kind: Kind = Field(description="after an event, in the morning, or a round put to the exact search once more")
    policy_version: str
    waiting: int
    beds: int
    soon: int = Field(description="of the beds, those that were not free yet")
    placed: int
    proposed: int = Field(description="new proposals; the others stand as they were")
    bound: float = Field(description="proven: no allocation reaches more")
    achieved: float
    gap: float = Field(description="(bound - achieved) / bound")
    seconds: float
    longest_waits: dict[str, float] = Field(description="urgency → longest wait ÷ longest that is allowed")
    ended_at: AwareDatetime


class WantedView(BaseModel):
    """The round that is under way now."""

    kind: Kind


class PolicyView(BaseModel):
    """A version of the bed policy."""

    version: str
    valid_from: date
    in_force: bool
    content: dict[str, Any]


class TrialBody(BaseModel, extra="forbid"):
    """Patients who do not wait."""

    requests: list[TrialRequest] = Field(min_length=1, max_length=MOST_TRIED)


@router.get("/rounds", dependencies=[may(*READERS)])
async def rounds(
    queries: QueryRunner, kind: Kind | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 20
) -> list[RoundView]:
    """The latest rounds, or those of a kind, with certificate and longest waits."""
    found = await queries.run(handlers.rounds, kind, limit)
    return [RoundView.model_validate(one, from_attributes=True) for one in found]


@router.post("/rounds", status_code=202, response_model=WantedView, dependencies=[may(Role.COORDINATOR)])
async def ask_morning_round(caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Run a morning round now: it counts on the beds that will soon be free."""
    return await commands.run(handlers.ask_morning_round, caller.subject, answer=WantedView)


@router.post("/rounds/trial", response_model=TrialView, dependencies=[may(*READERS)])
async def try_round(body: TrialBody, request: Request, policy: CurrentPolicy, queries: QueryRunner) -> Response:
    """What a morning round would say if these patients waited too. Nothing is written or proposed."""
    asked = await queries.run(handlers.pool_now, policy)
    try:
        question = trial.question(asked, body.requests)
    except Unscorable as wrong:
        field = {"field": f"requests: {wrong.field}", "reason": "cannot be scored", "remedy": wrong.remedy}
        remedy = "mend the field and send it again"
        return problem(422, "invalid-input", "These cannot be scored", remedy=remedy, fields=[field])
    try:
        answer = await request.app.state.optimiser.solve(question)
    except OptimiserLost:
        return problem(
            503, "optimiser-lost", "There is no answer now", remedy="try fewer patients, or again in a minute"
        )
    return Response(trial.shown(question, answer).model_dump_json(), media_type="application/json")


@router.get("/bed-policies", dependencies=[may(*READERS)])
async def policies(every: EveryPolicy, current: CurrentPolicy) -> list[PolicyView]:
    """All versions of the bed policy, and which is in force."""
    return [
        PolicyView(
            version=one.version,
            valid_from=one.valid_from,
            in_force=one is current,
            content=inputs.dumped_policy(one),
        )
        for one in every.versions
    ]
