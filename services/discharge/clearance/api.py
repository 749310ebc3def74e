"""The HTTP side of clearance: parse, authorise, run the handler, answer. No rule lives here."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.discharge.accounts.model import Reason as AccountReason
from services.discharge.clearance import handlers
from services.discharge.clearance.model import (
    BlockerCode,
    Disposition,
    IssueMedicine,
    OrderDischarge,
    Outcome,
    OverrideBlockers,
    Owner,
    Reason,
    ResolveIssue,
)
from services.discharge.fields import READERS, CountText, Exact, ItemCode
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

REFUSED = refusals(Reason, AccountReason.ACCOUNT_SETTLING, AccountReason.ACCOUNT_SETTLED, AccountReason.ACCOUNT_VOIDED)
router = APIRouter(prefix="/accounts/{stay_id}", tags=["clearance"], responses=REFUSED)

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class DischargeOrder(BaseModel, extra="forbid"):
    """Where the patient goes."""

    disposition: Disposition


class NewIssue(BaseModel, extra="forbid"):
    """Medicine for the patient."""

    issue_id: UUID
    item_code: ItemCode
    count: Annotated[CountText, StringConstraints(pattern=r"^[0-9.]+$")] = Field(description='such as "1", more than 0')


class OverrideReason(BaseModel, extra="forbid"):
    """Why the stay may be settled in spite of its blockers."""

    reason: Why


class BlockerView(BaseModel):
    """One thing in the way, who resolves it, and what it is about."""

    code: BlockerCode
    owner: Owner
    subject_id: UUID


class ClearanceView(BaseModel):
    """How far the stay is from being settled."""

    stay_id: UUID
    disposition: Disposition | None
    ordered_at: AwareDatetime | None
    blockers: list[BlockerView]


class IssueView(BaseModel):
    """Medicine issued to the ward."""

    issue_id: UUID
    item_code: str
    count: Exact
    issued_at: AwareDatetime
    outcome: Outcome | None
    resolved_at: AwareDatetime | None


@router.get("/clearance", dependencies=[may(*READERS)])
async def clearance(stay_id: UUID, queries: QueryRunner) -> ClearanceView:
    """The discharge order and what is in the way of settling."""
    return ClearanceView.model_validate(await queries.run(handlers.clearance, stay_id), from_attributes=True)


@router.post(
    "/discharge-order", status_code=201, response_model=ClearanceView, dependencies=[may(Role.CLINICIAN, Role.SYSTEM)]
)
async def order_discharge(stay_id: UUID, body: DischargeOrder, commands: CommandRunner) -> Response:
    """The patient is medically discharged. Answers with the blockers, each with its owner."""
    command = OrderDischarge(stay_id=stay_id, disposition=body.disposition)
    return await commands.run(handlers.order_discharge, command, answer=ClearanceView)


@router.post(
    "/medicine-issues",
    status_code=201,
    response_model=IssueView,
    dependencies=[may(Role.WARD_NURSE, Role.CLINICIAN, Role.SYSTEM)],
)
async def issue_medicine(stay_id: UUID, body: NewIssue, commands: CommandRunner) -> Response:
    """Medicine comes to the ward for the patient; it blocks the settlement until it is given or returned."""
    command = IssueMedicine(
        stay_id=stay_id, issue_id=body.issue_id, item_code=body.item_code, count=Decimal(body.count)
    )
    return await commands.run(handlers.issue_medicine, command, answer=IssueView)


@router.post("/medicine-issues/{issue_id}/return", response_model=IssueView, dependencies=[may(Role.WARD_NURSE)])
async def return_medicine(stay_id: UUID, issue_id: UUID, commands: CommandRunner) -> Response:
    """The medicine went back to the pharmacy."""
    command = ResolveIssue(stay_id=stay_id, issue_id=issue_id, outcome=Outcome.RETURNED)
    return await commands.run(handlers.resolve_issue, command, answer=IssueView)


@router.post(
    "/medicine-issues/{issue_id}/administration", response_model=IssueView, dependencies=[may(Role.WARD_NURSE)]
)
async def administer_medicine(stay_id: UUID, issue_id: UUID, commands: CommandRunner) -> Response:
    """The patient was given the medicine."""
    command = ResolveIssue(stay_id=stay_id, issue_id=issue_id, outcome=Outcome.ADMINISTERED)
    return await commands.run(handlers.resolve_issue, command, answer=IssueView)


@router.post("/clearance-override", response_model=ClearanceView, dependencies=[may(Role.BACK_OFFICE)])
async def override_blockers(
    stay_id: UUID, body: OverrideReason, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """The back office lets the stay be settled in spite of the blockers open now; it is kept who did and why."""
    command = OverrideBlockers(stay_id=stay_id, override_id=new_id(), reason=body.reason, by=caller.subject)
    return await commands.run(handlers.override_blockers, command, answer=ClearanceView)
