"""The HTTP side of accounts: parse, authorise, run the handler, answer. No rule lives here."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.discharge.accounts import handlers
from services.discharge.accounts.model import AccountState, ChargeLine, LineClass, PostCharges, Reason, ReceiveDeposit
from services.discharge.fields import READERS, CountText, Exact, Fen, ItemCode, Positive, RatioText
from services.discharge.ledger.model import Channel
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/accounts", tags=["accounts"], responses=refusals(Reason))

CHARGERS = (Role.WARD_NURSE, Role.CLINICIAN, Role.BACK_OFFICE, Role.SYSTEM)
MOST_LINES = 1000


class NewCharge(BaseModel, extra="forbid"):
    """A fee line. Its class comes with it; no name is kept, the item's code says what it is."""

    charge_id: UUID
    item_code: ItemCode
    line_class: LineClass = Field(description="01 甲, 02 乙, 03 丙 or 自费")
    price_fen: Fen
    count: CountText
    price_limit_fen: Fen | None = Field(default=None, description="unit price limit in fen; ignored in class 03")
    preself_ratio: RatioText = "0"
    encounter_id: UUID | None = None
    charged_at: AwareDatetime | None = Field(default=None, description="when it was done; now if left out")
    return_of: UUID | None = Field(default=None, description="the charge_id that a negative count returns")


class Charges(BaseModel, extra="forbid"):
    """One or many fee lines; all are posted or none."""

    charges: list[NewCharge] = Field(min_length=1, max_length=MOST_LINES)


class NewDeposit(BaseModel, extra="forbid"):
    """Money paid in advance."""

    payment_id: UUID
    channel: Channel
    amount_fen: Positive


class ChargeView(BaseModel):
    """A fee line on the account."""

    charge_id: UUID
    line_no: int
    item_code: str
    line_class: LineClass
    price_fen: int
    count: Exact
    price_limit_fen: int | None
    preself_ratio: Exact
    amount_fen: int
    encounter_id: UUID | None
    return_of: UUID | None
    charged_at: AwareDatetime
    posted_at: AwareDatetime


class DepositView(BaseModel):
    """A deposit on the account."""

    payment_id: UUID
    channel: Channel
    amount_fen: int
    received_at: AwareDatetime


class AccountFields(BaseModel):
    """The account of a stay."""

    stay_id: UUID
    patient_id: UUID
    state: AccountState
    lines: int
    opened_at: AwareDatetime
    left_at: AwareDatetime | None
    admission_cancelled_at: AwareDatetime | None = Field(description="set while the admission does not count")
    voided_at: AwareDatetime | None
    version: int


class AccountView(BaseModel):
    """The account with its sums."""

    account: AccountFields
    charges_fen: int
    deposits_fen: int


class AccountsSummary(BaseModel):
    """All accounts together: how many in each state, and what stands on them."""

    by_state: dict[AccountState, int]
    charges: int
    charges_fen: int
    deposits: int
    deposits_fen: int


@router.get("/summary", dependencies=[may(*READERS, Role.VIEWER)])
async def summary(queries: QueryRunner) -> AccountsSummary:
    """How many accounts, charges and deposits there are, and their sums."""
    return AccountsSummary.model_validate(await queries.run(handlers.summary), from_attributes=True)


@router.get("/cancelled", dependencies=[may(*READERS)])
async def cancelled(queries: QueryRunner, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[AccountView]:
    """Accounts of cancelled admissions on which something stands: the back office's worklist, the oldest first."""
    found = await queries.run(handlers.cancelled, limit)
    return [AccountView.model_validate(one, from_attributes=True) for one in found]


@router.get("/{stay_id}", dependencies=[may(*READERS)])
async def account(stay_id: UUID, queries: QueryRunner) -> AccountView:
    """One account with its sums. 404 while the admission's event is under way."""
    return AccountView.model_validate(await queries.run(handlers.standing, stay_id), from_attributes=True)


@router.get("/{stay_id}/charges", dependencies=[may(*READERS)])
async def charges(stay_id: UUID, queries: QueryRunner) -> list[ChargeView]:
    """The fee lines in the order they were posted."""
    found = await queries.run(handlers.charges, stay_id)
    return [ChargeView.model_validate(charge, from_attributes=True) for charge in found]


@router.post("/{stay_id}/charges", status_code=201, response_model=list[ChargeView], dependencies=[may(*CHARGERS)])
async def post_charges(stay_id: UUID, body: Charges, commands: CommandRunner) -> Response:
    """Put fee lines on the account. A line that came after the patient confirmed reopens the settlement."""
    command = PostCharges(stay_id=stay_id, lines=tuple(_line(charge) for charge in body.charges))
    return await commands.run(handlers.post_charges, command, answer=list[ChargeView])


@router.post("/{stay_id}/voiding", response_model=AccountFields, dependencies=[may(Role.BACK_OFFICE)])
async def void_account(stay_id: UUID, commands: CommandRunner) -> Response:
    """The account of a cancelled admission is cleared: it takes nothing until the patient is admitted."""
    return await commands.run(handlers.void_account, stay_id, answer=AccountFields)


@router.post(
    "/{stay_id}/deposits",
    status_code=201,
    response_model=DepositView,
    dependencies=[may(Role.WARD_NURSE, Role.FRONT_DESK, Role.BACK_OFFICE)],
)
async def receive_deposit(stay_id: UUID, body: NewDeposit, commands: CommandRunner) -> Response:
    """Take money in advance; what is not needed goes back the way it came when the stay is settled."""
    command = ReceiveDeposit(stay_id=stay_id, **dict(body))
    return await commands.run(handlers.receive_deposit, command, answer=DepositView)


def _line(charge: NewCharge) -> ChargeLine:
    fields = {**dict(charge), "count": Decimal(charge.count), "preself_ratio": Decimal(charge.preself_ratio)}
    return ChargeLine(**fields)
