"""The HTTP side of forecasts and what-ifs: parse, authorise, run the handler, answer. No rule lives here."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.forecast import handlers, model, scenario
from services.beds.forecast.model import Scope
from services.beds.forecast.scenario import MOST_OPENED, Change, Preset
from services.beds.forecast.worker import Forecaster, ForecasterLost
from services.beds.scoring import policy_file
from services.beds.scoring.policy_file import PolicyRejected
from services.beds.settings import CurrentPolicy
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner
from shared.problem import problem

router = APIRouter(tags=["forecast"], responses=REFUSALS)

READERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM)

WardId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class ForecastLineView(BaseModel):
    """Occupied beds and leavers, some hours ahead."""

    scope: Scope
    group_id: str
    hours_ahead: int
    open_beds: int
    occupied_mean: float
    occupied_low: int = Field(description="5th percentile")
    occupied_high: int = Field(description="95th percentile")
    leavers_mean: float = Field(description="of those who lay there when the forecast was made")
    leavers_low: int
    leavers_high: int


class ForecastView(BaseModel):
    """The last forecast."""

    made_at: AwareDatetime
    lines: list[ForecastLineView]


class CalibrationLineView(BaseModel):
    """How forecasts have turned out, for a scope and horizon."""

    scope: Scope
    hours_ahead: int
    scored: int
    inside: float = Field(description="share of outcomes within the interval; `nominal` would be right")
    bias: float = Field(description="forecast minus outcome, in beds")
    mean_absolute_error: float


class CalibrationView(BaseModel):
    """Whether the intervals hold what they promise."""

    nominal: float
    lines: list[CalibrationLineView]


class ChangeBody(BaseModel, extra="forbid"):
    """Something to try."""

    name: Name
    open_beds: dict[WardId, Annotated[int, Field(ge=1, le=MOST_OPENED)]] = Field(
        default={}, description="more beds in a ward, with the traits that most of its beds have"
    )
    close_wards: list[WardId] = Field(default=[], description="no bed of these is given; who lies there is moved")
    overflow_places: int | None = Field(None, ge=0, le=20, description="how many further specialties a bed takes")
    policy: dict[str, Any] | None = Field(None, description="changes to the default bed policy, as in a policy file")


class WhatIfBody(BaseModel, extra="forbid"):
    """What to try, against the pool as it is."""

    changes: list[ChangeBody] = Field(default=[], max_length=4)
    presets: list[Preset] = Field(default=[], max_length=3, description="overflow chains to compare")
    hours: int = Field(72, ge=2, le=scenario.LONGEST_HOURS, description="how far to simulate")
    seed: int = Field(1, ge=0, le=2**32 - 1, description="the same seed has the same patients")


class OutcomeView(BaseModel):
    """What the simulated days were like."""

    name: str
    placed: int
    still_waiting: int
    mean_wait_hours: float = Field(description="since the request, of those placed and those who wait still")
    mean_wait_by_urgency: dict[str, float]
    longest_ratio: float = Field(description="r: the worst wait over the longest allowed")
    cross_ward_share: float | None
    cross_campus_share: float | None
    mean_occupancy: float


class MoveView(BaseModel):
    """A request that has a bed in another ward in the first round under the change; null: none."""

    request_id: str
    ward_now: str | None
    ward_then: str | None


class TriedView(BaseModel):
    """A change, what it does, and who would move."""

    outcome: OutcomeView
    moves: list[MoveView]


class WhatIfView(BaseModel):
    """The pool as it is and under each change, with the same patients. Nothing was changed."""

    hours: int = Field(description="simulated; fewer than asked for where the time ran out")
    now: OutcomeView
    then: list[TriedView]


def _forecaster(request: Request) -> Forecaster:
    forecaster: Forecaster = request.app.state.forecaster
    return forecaster


CurrentForecaster = Annotated[Forecaster, Depends(_forecaster)]


@router.get("/forecast", dependencies=[may(*READERS)])
async def forecast(queries: QueryRunner, scope: Scope | None = None, group_id: str | None = None) -> ForecastView:
    """Occupancy and leavers of the next 72 hours, with an interval of 90 %; as the last forecast said."""
    found = await queries.run(handlers.forecast, scope, group_id)
    return ForecastView.model_validate(found, from_attributes=True)


@router.get("/forecast/calibration", dependencies=[may(*READERS)])
async def calibration(queries: QueryRunner) -> CalibrationView:
    """How the forecasts of the last 90 days have turned out."""
    lines = await queries.run(handlers.calibration)
    views = [CalibrationLineView.model_validate(line, from_attributes=True) for line in lines]
    return CalibrationView(nominal=model.NOMINAL, lines=views)


@router.post("/what-if", response_model=WhatIfView, dependencies=[may(Role.COORDINATOR)])
async def what_if(
    body: WhatIfBody, queries: QueryRunner, policy: CurrentPolicy, forecaster: CurrentForecaster
) -> Response | WhatIfView:
    """Try changes on a copy of the pool. It is a read: nothing is changed, and no key is asked for."""
    try:
        changes = (*(_change(change) for change in body.changes), *(scenario.preset(which) for which in body.presets))
        question = await queries.run(handlers.prepare_what_if, changes, body.hours, body.seed, policy)
        found = await forecaster.what_if(question)
    except PolicyRejected as rejected:
        fields = [
            {"field": f"policy.{one.field}", "reason": one.reason, "remedy": one.remedy} for one in rejected.faults
        ]
        return problem(422, "invalid-input", "This is no bed policy", remedy="mend the policy", fields=fields)
    except ForecasterLost:
        remedy = "ask for fewer hours or changes, or again in a minute"
        return problem(503, "forecaster-lost", "There is no answer in time", remedy=remedy)
    tried = zip(found.then, found.moves, strict=True)
    return WhatIfView(
        hours=found.hours,
        now=_outcome(found.now),
        then=[
            TriedView(
                outcome=_outcome(then), moves=[MoveView.model_validate(move, from_attributes=True) for move in moves]
            )
            for then, moves in tried
        ],
    )


def _change(body: ChangeBody) -> Change:
    return Change(
        name=body.name,
        open_beds=body.open_beds,
        close_wards=tuple(body.close_wards),
        overflow_places=body.overflow_places,
        policy=None if body.policy is None else policy_file.parse(json.dumps(body.policy)),
    )


def _outcome(outcome: scenario.Outcome) -> OutcomeView:
    return OutcomeView.model_validate(outcome, from_attributes=True)
