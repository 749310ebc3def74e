"""The HTTP side of what is taken back or changed in a stay, and of swaps. No rule lives here.

A ward's nurse does so for patients of the wards in her token; the coordinator for all.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.housekeeping.api import CleaningView
from services.beds.inventory.model import Reason as InventoryReason
from services.beds.settings import CurrentPolicy
from services.beds.stays import changing, history
from services.beds.stays.api import OVERRIDE, READERS, StayView, Words, by_of, override_of
from services.beds.stays.changes import ChangeCareTeam, ExpectLeave, TakeBack
from services.beds.stays.model import Reason
from services.beds.stays.moving import SwapPatients, swap_patients
from shared.auth import Caller, CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(
    tags=["stays"], responses=refusals(Reason, InventoryReason.BED_GIVEN_AWAY, denied=[Reason.OTHER_WARD])
)
MOVERS = (Role.WARD_NURSE, Role.COORDINATOR)
EXPECTING = (Role.WARD_NURSE, Role.CLINICIAN, Role.COORDINATOR)

Code = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,63}$")]


class ReasonBody(BaseModel, extra="forbid"):
    """Why it is taken back; kept with the caller's name."""

    reason: Words


class SwapBody(BaseModel, extra="forbid"):
    """The stays of the two patients."""

    stay_ids: tuple[UUID, UUID]
    override_reason: Words | None = Field(None, description=OVERRIDE)


class CareTeamBody(BaseModel, extra="forbid"):
    """Who answers for the patient from now on."""

    specialty: Code
    care_team: Code | None = Field(None, description="the team's code in the hospital, where it is known")


class ExpectationBody(BaseModel, extra="forbid"):
    """When the ward expects the patient to leave."""

    expected_leave_at: AwareDatetime


class UsedBedView(BaseModel):
    """A bed that the stay had."""

    bed_id: str
    from_at: AwareDatetime
    until_at: AwareDatetime | None


class ChangeView(BaseModel):
    """What somebody has taken back or changed."""

    change: str = Field(description="the event's name", examples=["transfer-cancelled"])
    reason: str | None
    changed_by: str
    changed_at: AwareDatetime


class HistoryView(BaseModel):
    """All that is known of a stay: its clocks, its beds, their cleaning, and what was taken back or changed."""

    stay: StayView
    beds: list[UsedBedView]
    cleaning: list[CleaningView]
    changes: list[ChangeView]


@router.post("/swaps", response_model=list[StayView], dependencies=[may(*MOVERS)])
async def exchange_beds(
    body: SwapBody, caller: CurrentCaller, policy: CurrentPolicy, commands: CommandRunner
) -> Response:
    """Two patients exchange their beds at one instant; what the rules allow only for both together passes."""
    command = SwapPatients(
        stay_ids=body.stay_ids, policy=policy, by=by_of(caller), override=override_of(body.override_reason, caller)
    )
    return await commands.run(swap_patients, command, answer=list[StayView])


@router.post("/stays/{stay_id}/reservation-cancellation", response_model=StayView, dependencies=[may(*MOVERS)])
async def cancel_reservation(
    stay_id: UUID, body: ReasonBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Give the reservation up: the bed is free, and the patient waits again."""
    return await commands.run(changing.cancel_reservation, _take_back(stay_id, body, caller), answer=StayView)


@router.post("/stays/{stay_id}/admission-cancellation", response_model=StayView, dependencies=[may(*MOVERS)])
async def cancel_admission(stay_id: UUID, body: ReasonBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The admission does not count (HL7 A11): the bed is to be cleaned, and the patient waits again."""
    return await commands.run(changing.cancel_admission, _take_back(stay_id, body, caller), answer=StayView)


@router.post("/stays/{stay_id}/transfer-cancellation", response_model=StayView, dependencies=[may(*MOVERS)])
async def cancel_transfer(stay_id: UUID, body: ReasonBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The last transfer does not count (HL7 A12): back to the bed of before, unless somebody else has it."""
    return await commands.run(changing.cancel_transfer, _take_back(stay_id, body, caller), answer=StayView)


@router.post("/stays/{stay_id}/leave-cancellation", response_model=StayView, dependencies=[may(*MOVERS)])
async def undo_leave(stay_id: UUID, body: ReasonBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """The patient has not left (HL7 A13): they have their bed again, unless somebody else has it."""
    return await commands.run(changing.undo_leave, _take_back(stay_id, body, caller), answer=StayView)


@router.put(
    "/stays/{stay_id}/care-team",
    response_model=StayView,
    dependencies=[may(Role.CLINICIAN, Role.WARD_NURSE, Role.COORDINATOR)],
)
async def change_care_team(
    stay_id: UUID, body: CareTeamBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Another specialty or team answers for the patient, who keeps the bed (转组不转床)."""
    command = ChangeCareTeam(stay_id=stay_id, specialty=body.specialty, care_team=body.care_team, by=by_of(caller))
    return await commands.run(changing.change_care_team, command, answer=StayView)


@router.put("/stays/{stay_id}/expected-leave", response_model=StayView, dependencies=[may(*EXPECTING)])
async def expect_leave(
    stay_id: UUID, body: ExpectationBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """The ward says when the patient will leave (HL7 A16)."""
    command = ExpectLeave(stay_id=stay_id, expected_leave_at=body.expected_leave_at, by=by_of(caller))
    return await commands.run(changing.expect_leave, command, answer=StayView)


@router.post("/stays/{stay_id}/expected-leave-cancellation", response_model=StayView, dependencies=[may(*EXPECTING)])
async def cancel_expectation(
    stay_id: UUID, body: ReasonBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """The ward does not expect the patient to leave any more (HL7 A25)."""
    return await commands.run(changing.cancel_expectation, _take_back(stay_id, body, caller), answer=StayView)


@router.get("/stays/{stay_id}/history", dependencies=[may(*READERS)])
async def stay_history(stay_id: UUID, queries: QueryRunner) -> HistoryView:
    """The clocks of a stay, the beds it had, their cleaning, and what was taken back or changed, by whom and why."""
    return HistoryView.model_validate(await queries.run(history.history, stay_id), from_attributes=True)


def _take_back(stay_id: UUID, body: ReasonBody, caller: Caller) -> TakeBack:
    return TakeBack(stay_id=stay_id, reason=body.reason, by=by_of(caller))
