"""The HTTP side of limits: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.limits import handlers
from services.registration.limits.model import Limits
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(tags=["limits"], responses=refusals())

PLANNERS = (Role.BACK_OFFICE, Role.OPERATOR)

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class LimitsBody(BaseModel, extra="forbid", from_attributes=True):
    """What a patient may book, and what follows from no-shows (爽约)."""

    version: Version
    future_bookings: int = Field(ge=1, le=1000, description="held or booked at a time")
    missed: int = Field(ge=1, le=100, description="so many missed visits")
    within_days: int = Field(ge=1, le=3660, description="within so many days")
    cooling_off_days: int = Field(ge=0, le=3660, description="keep the patient from booking for so many days")


class CoolingOffView(BaseModel, from_attributes=True):
    """The patient does not book until then, after so many no-shows, by that version of the limits."""

    patient_id: UUID
    until: AwareDatetime
    missed: int
    limits_version: str


@router.put("/limits", response_model=LimitsBody, dependencies=[may(*PLANNERS)])
async def put_limits(body: LimitsBody, commands: CommandRunner) -> Response:
    """Put other limits in force; what is booked stays."""
    return await commands.run(handlers.put_limits, Limits(**dict(body)), answer=LimitsBody)


@router.get("/limits", dependencies=[may(*PLANNERS, Role.FRONT_DESK, Role.PATIENT_APP, Role.VIEWER)])
async def limits(queries: QueryRunner) -> LimitsBody:
    """The limits in force."""
    return LimitsBody.model_validate(await queries.run(handlers.limits))


@router.get("/patients/{patient_id}/cooling-off", dependencies=[may(*PLANNERS, Role.FRONT_DESK, Role.PATIENT_APP)])
async def cooling_off(patient_id: UUID, queries: QueryRunner) -> CoolingOffView:
    """Until when the patient does not book after no-shows; 404 `cooling-off-missing` where nothing keeps them."""
    return CoolingOffView.model_validate(await queries.run(handlers.cooling_off, patient_id))


@router.delete(
    "/patients/{patient_id}/cooling-off", response_model=None, dependencies=[may(Role.FRONT_DESK, Role.BACK_OFFICE)]
)
async def lift_cooling_off(patient_id: UUID, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Let the patient book again, for a good reason; who did it and when is kept."""
    return await commands.run(handlers.lift_cooling_off, patient_id, caller.subject, answer=None)
