"""What the API shows of settlements, in the words of the national interface and of the demo's report."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.discharge.accounts.model import AccountState
from services.discharge.clearance.model import BlockerCode, Owner
from services.discharge.ledger.model import Channel
from services.discharge.settlement.reading import Record, Screen
from services.discharge.settlement.shapes import AnswerShape
from services.discharge.settlement.stages import Settlement, Stage


class FiguresView(BaseModel):
    """The national fields, in fen. Identities A to D hold."""

    medfee_sumamt_fen: int = Field(title="医疗费总额")
    fulamt_ownpay_amt_fen: int = Field(title="全自费金额")
    overlmt_selfpay_fen: int = Field(title="超限价自费费用")
    preselfpay_amt_fen: int = Field(title="先行自付金额")
    inscp_scp_amt_fen: int = Field(title="符合政策范围金额")
    act_pay_dedc_fen: int = Field(title="实际支付起付线")
    hifp_pay_fen: int = Field(title="统筹基金支出")
    hifob_pay_fen: int = Field(title="大额互助资金支出")
    hifmi_pay_fen: int = Field(title="大病保险资金支出")
    maf_pay_fen: int = Field(title="医疗救助基金支出")
    oth_pay_fen: int = Field(title="其他基金支出")
    fund_pay_sumamt_fen: int = Field(title="基金支付总额")
    psn_part_amt_fen: int = Field(title="个人负担总金额")
    acct_pay_fen: int = Field(title="个人账户支出")
    psn_cash_pay_fen: int = Field(title="个人现金支出")


class SettlementView(BaseModel):
    """One attempt to settle a stay; its figures are the centre's."""

    settlement_id: UUID
    stay_id: UUID
    patient_id: UUID
    attempt: int
    stage: Stage
    snapshot: str = Field(description="the hash of the fee lines; what the patient confirms")
    lines: int
    pack: str
    pack_version: str
    calculator_agrees: bool = Field(description="whether the centre's figures are those of our own calculator")
    figures: FiguresView
    deposit_fen: int
    refund_fen: int
    to_pay_fen: int
    paid_at_bedside_fen: int
    unpaid_fen: int
    setl_id: str | None
    first_screen_at: AwareDatetime
    presettled_at: AwareDatetime
    confirmed_at: AwareDatetime | None
    settled_at: AwareDatetime | None
    version: int


class PaymentView(BaseModel):
    """Money by one channel."""

    payment_id: UUID
    channel: Channel
    amount_fen: int


class BlockerView(BaseModel):
    """One thing in the way, and who resolves it."""

    code: BlockerCode
    owner: Owner
    subject_id: UUID


class DifferenceView(BaseModel):
    """What a presettlement changed against the one before."""

    since_attempt: int
    new_lines: int
    lines_total_fen: int
    patient_pay_fen: int


class ScreenView(BaseModel):
    """The bedside screen: the latest attempt, every line's four parts, and every step of the calculation."""

    stay_id: UUID
    blockers: list[BlockerView]
    settlement: SettlementView | None
    fees_changed: bool = Field(description="lines have come since that nobody has confirmed: presettle again")
    difference: DifferenceView | None
    refunds: list[PaymentView]
    payments: list[PaymentView]
    answer: AnswerShape | None


class DepartureView(BaseModel):
    """The patient has left."""

    stay_id: UUID
    patient_id: UUID
    state: AccountState
    left_at: AwareDatetime
    version: int


class RecordView(BaseModel):
    """A settled stay, as the demo's report wants it. fund + patient = lines total; account + cash = patient."""

    settlement_id: UUID
    stay_id: UUID
    patient_id: UUID
    encounter_id: UUID | None = Field(description="the first encounter that the lines name")
    encounter_ids: list[UUID]
    pack: str
    pack_version: str
    lines_total_fen: int
    in_scope_fen: int
    fund_pay_fen: int
    patient_pay_fen: int
    account_pay_fen: int
    cash_fen: int
    deposit_fen: int
    refund_fen: int
    to_pay_fen: int
    paid_at_bedside_fen: int
    receivable_fen: int
    deposit_left_fen: int
    journal_balanced: bool = Field(description="by the database's own sums over the stay's journal")
    calculator_agrees: bool
    case: dict[str, Any] = Field(description="in the format of settlement-case.schema.json")
    first_screen_at: AwareDatetime
    settled_at: AwareDatetime | None
    bedside_seconds: float | None = Field(description="from the first screen to settled")


class RecordsPage(BaseModel):
    """Settled stays in the order they were settled. `next` is null on the last page."""

    settlements: list[RecordView]
    next: UUID | None = Field(description="send it as `after` for the next page")


class SettlementsSummary(BaseModel):
    """Attempts by stage, and the sums over what is settled, in fen."""

    by_stage: dict[Stage, int]
    totals: dict[str, int]


def screen_view(screen: Screen) -> ScreenView:
    """The bedside screen."""
    return ScreenView.model_validate(screen, from_attributes=True)


def settlement_view(settlement: Settlement) -> SettlementView:
    """One attempt."""
    return SettlementView.model_validate(settlement, from_attributes=True)


def records_page(records: list[Record], limit: int) -> RecordsPage:
    """A page; a full one may have another behind it."""
    last = records[-1].settlement.settlement_id if len(records) == limit else None
    return RecordsPage(settlements=[_record_view(record) for record in records], next=last)


def _record_view(record: Record) -> RecordView:
    settlement, figures = record.settlement, record.settlement.figures
    settled_at = settlement.settled_at
    return RecordView(
        settlement_id=settlement.settlement_id,
        stay_id=settlement.stay_id,
        patient_id=settlement.patient_id,
        encounter_id=record.encounter_ids[0] if record.encounter_ids else None,
        encounter_ids=list(record.encounter_ids),
        pack=settlement.pack,
        pack_version=settlement.pack_version,
        lines_total_fen=figures.medfee_sumamt_fen,
        in_scope_fen=figures.inscp_scp_amt_fen,
        fund_pay_fen=figures.fund_pay_sumamt_fen,
        patient_pay_fen=figures.psn_part_amt_fen,
        account_pay_fen=figures.acct_pay_fen,
        cash_fen=figures.psn_cash_pay_fen,
        deposit_fen=settlement.deposit_fen,
        refund_fen=settlement.refund_fen,
        to_pay_fen=settlement.to_pay_fen,
        paid_at_bedside_fen=settlement.paid_at_bedside_fen,
        receivable_fen=record.receivable_fen,
        deposit_left_fen=record.deposit_left_fen,
        journal_balanced=record.journal_balanced,
        calculator_agrees=settlement.calculator_agrees,
        case=dict(settlement.case),
        first_screen_at=settlement.first_screen_at,
        settled_at=settled_at,
        bedside_seconds=None if settled_at is None else (settled_at - settlement.first_screen_at).total_seconds(),
    )
