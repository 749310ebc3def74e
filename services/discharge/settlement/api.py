"""The HTTP side of settling: parse, authorise, run, answer. No rule lives here."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.discharge.clearance.model import Reason as ClearanceReason
from services.discharge.fields import READERS, Positive
from services.discharge.insurance.port import CentreTrouble, Declined
from services.discharge.insurance.port import Reason as CentreReason
from services.discharge.ledger.model import Channel
from services.discharge.settlement import handlers, reading
from services.discharge.settlement.flow import BedsideFlow
from services.discharge.settlement.stages import Confirm, Pay, Reason, Settlement, Stage
from services.discharge.settlement.views import (
    DepartureView,
    RecordsPage,
    ScreenView,
    SettlementsSummary,
    SettlementView,
    records_page,
    screen_view,
    settlement_view,
)
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import REFUSALS, QueryRunner, refusals
from shared.problem import problem

CENTRE_AWAY: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": SettlementView, "description": "the centre has not answered yet: read the settlement again"},
    503: {"description": "the insurance centre does not answer", "content": {"application/problem+json": {}}},
}
REFUSED = refusals(Reason, CentreReason, ClearanceReason.NOT_ORDERED, ClearanceReason.BLOCKED)
router = APIRouter(prefix="/accounts/{stay_id}", tags=["settlement"], responses=REFUSED)
records = APIRouter(prefix="/settlements", tags=["settlement"], responses=REFUSALS)

BEDSIDE = (Role.WARD_NURSE, Role.BACK_OFFICE)
RETRY_SECONDS = "10"
LONGEST_PAGE = 500
OK = 200


class Confirmation(BaseModel, extra="forbid"):
    """What the patient signs."""

    snapshot: str = Field(pattern=r"^[0-9a-f]{64}$", description="the snapshot of the presettlement that was shown")


class BedsidePayment(BaseModel, extra="forbid"):
    """Money taken at the bedside."""

    payment_id: UUID
    channel: Channel
    amount_fen: Positive


def _flow(request: Request) -> BedsideFlow:
    flow: BedsideFlow = request.app.state.bedside
    return flow


Flow = Annotated[BedsideFlow, Depends(_flow)]


@router.get("/settlement", dependencies=[may(*READERS)])
async def screen(stay_id: UUID, queries: QueryRunner) -> ScreenView:
    """The bedside screen: the latest attempt with every line's four parts, and what changed since the one before."""
    return screen_view(await queries.run(reading.screen, stay_id))


@router.post(
    "/presettlement",
    status_code=201,
    response_model=SettlementView,
    responses={503: CENTRE_AWAY[503]},
    dependencies=[may(*BEDSIDE)],
)
async def presettle(stay_id: UUID, commands: CommandRunner, flow: Flow) -> Response:
    """What the patient would pay (2303), for the fee lines as they are now; replaces an earlier presettlement."""
    quote = await flow.quote(stay_id)
    try:
        return await commands.run(handlers.presettle, stay_id, quote, answer=SettlementView)
    except CentreTrouble as trouble:
        return _trouble(trouble)


@router.post("/confirmation", response_model=SettlementView, dependencies=[may(*BEDSIDE)])
async def confirm(stay_id: UUID, body: Confirmation, commands: CommandRunner) -> Response:
    """The patient has read and signed the presettlement."""
    return await commands.run(handlers.confirm, Confirm(stay_id=stay_id, snapshot=body.snapshot), answer=SettlementView)


@router.post("/settlement", response_model=SettlementView, responses=CENTRE_AWAY, dependencies=[may(*BEDSIDE)])
async def settle(stay_id: UUID, commands: CommandRunner, flow: Flow) -> Response:
    """Settle what was confirmed (2304), once. 202 while the centre's answer is unknown; deposits go back at once."""
    begun = await commands.run(handlers.begin_settling, stay_id, flow.institution, answer=SettlementView)
    if begun.status_code != OK:
        return begun
    settlement_id = UUID(orjson.loads(begun.body)["settlement_id"])
    return _settling(await flow.carry_through(settlement_id))


@router.post("/payments", status_code=201, response_model=SettlementView, dependencies=[may(*BEDSIDE)])
async def pay(stay_id: UUID, body: BedsidePayment, commands: CommandRunner) -> Response:
    """Take what the deposit did not cover, at once or in parts."""
    return await commands.run(handlers.pay, Pay(stay_id=stay_id, **dict(body)), answer=SettlementView)


@router.post("/leave", response_model=DepartureView, dependencies=[may(*BEDSIDE)])
async def leave(stay_id: UUID, commands: CommandRunner) -> Response:
    """The patient leaves the ward; the bed is released and the follow-up begins."""
    return await commands.run(handlers.leave, stay_id, answer=DepartureView)


@records.get("/summary", dependencies=[may(*READERS, Role.VIEWER)])
async def summary(queries: QueryRunner) -> SettlementsSummary:
    """Attempts by stage, and the sums over what is settled."""
    return SettlementsSummary.model_validate(await queries.run(reading.summary), from_attributes=True)


@records.get("", dependencies=[may(Role.BACK_OFFICE, Role.OPERATOR)])
async def settlements(
    queries: QueryRunner,
    after: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 100,
) -> RecordsPage:
    """Settled stays in the order they were settled, each with the case that anybody can compute again."""
    return records_page(await queries.run(reading.records, after, limit), limit)


def _settling(settlement: Settlement) -> Response:
    """The settlement as it is now; how it stands is the status."""
    match settlement.stage:
        case Stage.SETTLED:
            return _answer(settlement, 200)
        case Stage.REFUSED:
            remedy = "presettle again; the back office reads the centre's words in the kept call"
            return problem(409, CentreReason.DECLINED, "The centre refused to settle", remedy=remedy)
        case Stage.REVERSED:
            remedy = "nothing was settled: presettle again and let the patient confirm"
            return problem(409, Reason.REVERSED, "The centre did not receive the settlement", remedy=remedy)
        case Stage.CONFIRMED:
            return _away("centre-unreachable")
        case _:
            return _answer(settlement, 202)


def _answer(settlement: Settlement, status: int) -> Response:
    return Response(settlement_view(settlement).model_dump_json(), status, media_type="application/json")


def _trouble(trouble: CentreTrouble) -> Response:
    if isinstance(trouble, Declined):
        remedy = "see the centre's words in the kept call, mend what it names and presettle again"
        return problem(409, trouble.code, "The centre refused", remedy=remedy)
    return _away(trouble.code)


def _away(code: str) -> Response:
    remedy = "nothing was settled: try again with a new key when the centre answers"
    headers = {"Retry-After": RETRY_SECONDS}
    return problem(503, code, "The insurance centre does not answer", remedy=remedy, headers=headers)
