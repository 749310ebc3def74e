"""What goes to the insurance centre and comes back, as values; money in integer fen, never a float.

Invariant: a message id is made once, is 30 characters long, and names what is asked for ever.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

CENTRE_ZONE = timezone(timedelta(hours=8))
MSGID_SEQUENCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Who we are to the centre: the institution's 12-character code, its area and its level (医院等级)."""

    code: str
    area: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Insured:
    """A person as the centre knows them (1101): scheme, what the packs ask about, and the personal account."""

    psn_no: str
    insutype: str
    retired: bool
    low_income: bool
    balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSums:
    """What settlements of one calendar year have used up (5206)."""

    settlements: int
    hifp_pay_fen: int
    hifob_pay_fen: int
    compliant_burden_fen: int
    maf_pay_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A stay to be made known (2401)."""

    stay_id: UUID
    psn_no: str
    insutype: str
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """A fee line to be made known (2301). `number` is unique within the visit; a return names its original's."""

    number: int
    returns: int | None
    item_code: str
    line_class: str
    price_fen: int
    count: Decimal
    price_limit_fen: int | None
    preself_ratio: Decimal
    amount_fen: int
    charged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A stay at the centre. `mdtrt_id` is None while 2401 has not been answered; `uploaded` lines are known there."""

    stay_id: UUID
    psn_no: str
    insutype: str
    admission_msgid: str
    mdtrt_id: str | None
    uploaded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillToSettle:
    """What 2303 and 2304 are asked with: the visit, the sum of its fees, and the day the stay ended."""

    psn_no: str
    insutype: str
    mdtrt_id: str
    medfee_sumamt_fen: int
    ended_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The national fields of one settlement, in fen. `oth_pay_fen` holds the funds that have no field here."""

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
    oth_pay_fen: int
    fund_pay_sumamt_fen: int
    psn_part_amt_fen: int
    acct_pay_fen: int
    psn_cash_pay_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreSettlement:
    """A settlement that stands at the centre, for the request whose msgid is `medins_setl_id`."""

    setl_id: str
    medins_setl_id: str
    figures: Figures


def msgid(institution: Institution, wall: datetime, sequence: int) -> str:
    """A message id: institution 12 + yyyyMMddHHmmss + sequence 4. An id keeps wall time, as all ids do."""
    return f"{institution.code}{wall.astimezone(CENTRE_ZONE):%Y%m%d%H%M%S}{sequence % MSGID_SEQUENCE:04d}"
