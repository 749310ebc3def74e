"""The values of a settlement: the case as asked, the answer as printed, and why a case makes no sense.

Money is integer fen, counts and ratios are exact decimals, and nothing here changes once it is made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

Value = int | Decimal | str | None
Named = Mapping[str, Value]


class LineClass(StrEnum):
    """The reimbursement class of a fee line (收费项目等级)."""

    FULL = "01"
    PARTIAL = "02"
    OWN = "03"


class Referral(StrEnum):
    """The direction in which the alliance (医联体) referred the patient."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fee line; a return has a negative count. Class 03 ignores limit and ratio."""

    name: str
    line_class: LineClass
    price_fen: int
    count: Decimal
    price_limit_fen: int | None
    preself_ratio: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a pack may ask about the insured person; a pack that does not ask ignores it."""

    retired: bool
    low_income: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class YearToDate:
    """What earlier settlements of the same calendar year used up, in fen."""

    hifp_pay_fen: int = 0
    hifob_pay_fen: int = 0
    compliant_burden_fen: int = 0
    maf_pay_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One inpatient stay to settle; `on` is the day of its end in the hospital's zone."""

    pack: str
    on: date
    hospital_level: int
    admission_number: int
    person: Person
    referral: Referral | None
    year_to_date: YearToDate
    account_balance_fen: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """A line's amount and its four parts, each rounded once. Identity A: the parts sum to the amount."""

    name: str
    line_class: LineClass
    amount_fen: int
    fulamt_ownpay_amt_fen: int
    overlmt_selfpay_fen: int
    preselfpay_amt_fen: int
    inscp_scp_amt_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Why numbers are what they are: `gives` follows from `inputs` by the rule `what` and the pack's `entries`.

    A step without entries is plain arithmetic. A decimal is an unrounded amount in fen, or a ratio.
    """

    what: str
    inputs: Named
    gives: Named
    pack: str | None = None
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRef:
    """Which dated rules were used, so that a settlement can be recomputed years later."""

    name: str
    version: str
    valid_from: date
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The national fields of one settlement, in fen. Identities A to D hold to the fen."""

    medfee_sumamt_fen: int
    fulamt_ownpay_amt_fen: int
    overlmt_selfpay_fen: int
    preselfpay_amt_fen: int
    inscp_scp_amt_fen: int
    act_pay_dedc_fen: int
    hifp_pay_fen: int
    hifob_pay_fen: int
    hifmi_pay_fen: int
    maf_pay_fen: int
    fund_pay_sumamt_fen: int
    psn_part_amt_fen: int
    acct_pay_fen: int
    psn_cash_pay_fen: int
    lines: tuple[LineAnswer, ...]
    steps: tuple[Step, ...]
    packs: tuple[PackRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a case: the field as `lines[3].class`, what is wrong, and what to do."""

    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """One readable line."""
        return f"{self.field}: {self.problem}; {self.remedy}"


class Unacceptable(ValueError):
    """The case makes no sense; `faults` names everything that was found, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
