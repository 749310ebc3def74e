"""The rules of the simulated centre: who is insured, what a visit holds, and what a settlement comes to.

It computes with the hospital's own calculator and packs (see docs/decisions): values in, values out. Sums of a year,
the number of an admission and the personal account follow from the settlements that stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from services.discharge.settlement.calculate import calculate, year_after
from services.discharge.settlement.model import (
    Answer,
    Case,
    Line,
    LineClass,
    Person,
    Unacceptable,
    YearToDate,
)
from services.discharge.settlement.policy import Pack

PACKS: Final = {"310": "beijing-employee", "390": "resident-tertiary"}
HOSPITAL_LEVEL: Final = 3


class No(Exception):
    """The centre refuses a transaction. `words` go into err_msg; they hold codes only."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class FaultKind(StrEnum):
    """What can be made to go wrong."""

    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    REFUSE = "refuse"
    DOWN = "down"


class SettlementState(StrEnum):
    """Whether a settlement stands."""

    STANDING = "standing"
    UNDONE = "undone"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insured:
    """A person of the scheme, with the balance of the personal account."""

    psn_no: str
    insutype: str
    retired: bool
    low_income: bool
    account_balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPerson:
    """Who is insured and how. The balance is that of a new account; a known one keeps what it has."""

    psn_no: str
    insutype: str
    retired: bool
    low_income: bool
    account_balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A stay that a hospital made known (2401)."""

    mdtrt_id: str
    psn_no: str
    insutype: str
    ipt_no: str
    began_at: str
    msgid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """A fee line of a visit (2301)."""

    feedetl_sn: str
    init_feedetl_sn: str | None
    item_code: str
    line_class: LineClass
    price_fen: int
    count: Decimal
    price_limit_fen: int | None
    preself_ratio: Decimal
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What 2303 and 2304 ask to settle."""

    msgid: str
    psn_no: str
    mdtrt_id: str
    medfee_sumamt_fen: int
    ended_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSums:
    """What the standing settlements of a year have used up."""

    settlements: int
    used: YearToDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement at the centre, in fen."""

    setl_id: str
    msgid: str
    mdtrt_id: str
    psn_no: str
    insutype: str
    year: int
    state: SettlementState
    medfee_fen: int
    ownpay_fen: int
    overlimit_fen: int
    preself_fen: int
    in_scope_fen: int
    deductible_fen: int
    hifp_fen: int
    hifob_fen: int
    hifmi_fen: int
    maf_fen: int
    fund_fen: int
    personal_fen: int
    account_fen: int
    cash_fen: int
    burden_fen: int
    settled_at: datetime


def check_line(line: FeeLine, known: dict[str, FeeLine]) -> bool:
    """Whether the line is new; False where it is known as it is. Raises `No` where it contradicts what is known."""
    if (same := known.get(line.feedetl_sn)) is not None:
        if same == line:
            return False
        raise No("feedetl_sn is known with other content")
    if line.amount_fen != int((line.price_fen * line.count).to_integral_value(ROUND_HALF_UP)):
        raise No("det_item_fee_sumamt is not pric * cnt")
    if line.count < 0 and line.init_feedetl_sn not in known:
        raise No("init_feedetl_sn of a return is unknown")
    return True


def compute(insured: Insured, year: YearSums, lines: Sequence[FeeLine], asked: Asked, pack: Pack) -> tuple[Answer, int]:
    """What the funds pay, and the compliant burden that this settlement adds to the year. Raises `No`."""
    if sum(line.amount_fen for line in lines) != asked.medfee_sumamt_fen:
        raise No("medfee_sumamt is not the sum of the fee lines")
    try:
        case = Case(
            pack=pack.name,
            on=asked.ended_on,
            hospital_level=HOSPITAL_LEVEL,
            admission_number=year.settlements + 1,
            person=Person(retired=insured.retired, low_income=insured.low_income),
            referral=None,
            year_to_date=year.used,
            account_balance_fen=insured.account_balance_fen,
            lines=tuple(_line(line) for line in lines),
        )
        answer = calculate(case, pack)
    except Unacceptable as unacceptable:
        raise No(f"the case makes no sense: {unacceptable.faults[0].field}") from None
    return answer, year_after(case, answer, pack).compliant_burden_fen - year.used.compliant_burden_fen


def settlement(
    insured: Insured, asked: Asked, setl_id: str, computed: tuple[Answer, int], now: datetime
) -> tuple[Settlement, Insured]:
    """The settlement, and the person with what the personal account has left."""
    answer, burden = computed
    settled = Settlement(
        setl_id=setl_id,
        msgid=asked.msgid,
        mdtrt_id=asked.mdtrt_id,
        psn_no=asked.psn_no,
        insutype=insured.insutype,
        year=asked.ended_on.year,
        state=SettlementState.STANDING,
        medfee_fen=answer.medfee_sumamt_fen,
        ownpay_fen=answer.fulamt_ownpay_amt_fen,
        overlimit_fen=answer.overlmt_selfpay_fen,
        preself_fen=answer.preselfpay_amt_fen,
        in_scope_fen=answer.inscp_scp_amt_fen,
        deductible_fen=answer.act_pay_dedc_fen,
        hifp_fen=answer.hifp_pay_fen,
        hifob_fen=answer.hifob_pay_fen,
        hifmi_fen=answer.hifmi_pay_fen,
        maf_fen=answer.maf_pay_fen,
        fund_fen=answer.fund_pay_sumamt_fen,
        personal_fen=answer.psn_part_amt_fen,
        account_fen=answer.acct_pay_fen,
        cash_fen=answer.psn_cash_pay_fen,
        burden_fen=burden,
        settled_at=now,
    )
    return settled, replace(insured, account_balance_fen=insured.account_balance_fen - settled.account_fen)


def taken_back(standing: Settlement, insured: Insured, state: SettlementState) -> tuple[Settlement, Insured]:
    """A settlement that no longer stands, and the person with the money of the personal account back."""
    balance = insured.account_balance_fen + standing.account_fen
    return replace(standing, state=state), replace(insured, account_balance_fen=balance)


def _line(line: FeeLine) -> Line:
    return Line(
        name=line.item_code,
        line_class=line.line_class,
        price_fen=line.price_fen,
        count=line.count,
        price_limit_fen=line.price_limit_fen,
        preself_ratio=line.preself_ratio,
    )
