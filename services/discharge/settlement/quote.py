"""From what we know of a stay, and what the centre knows of the person, to the case that is settled.

Pure. The snapshot is a hash over the fee lines: whoever signs it signs every line, and a later line changes it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.discharge.accounts.model import Account, Charge, Coverage
from services.discharge.clearance.model import Order
from services.discharge.insurance.model import (
    Admission,
    BillToSettle,
    FeeLine,
    Figures,
    Institution,
    Insured,
    Visit,
    YearSums,
)
from services.discharge.settlement.model import Answer, Case, Line, LineClass, Person, YearToDate

HOSPITAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
PACK_OF: Final[Mapping[str, str]] = {"310": "beijing-employee", "390": "resident-tertiary"}
"""Which policy pack settles an insutype (险种)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What our database knows of a stay that is to be settled."""

    account: Account
    order: Order
    coverage: Coverage
    charges: tuple[Charge, ...]

    @property
    def psn_no(self) -> str:
        """The person's number at the centre: the patient's id, until a card or voucher reader gives the real one."""
        return str(self.account.patient_id)

    @property
    def ended_on(self) -> date:
        """The day of the stay's end in the hospital's zone; its year is the insurance year."""
        return day_of(self.order.ordered_at)

    @property
    def total_fen(self) -> int:
        """The sum of the fee lines."""
        return sum(charge.amount_fen for charge in self.charges)

    @property
    def snapshot(self) -> str:
        """The hash of the fee lines."""
        return snapshot(self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A pre-settlement: the case, what the centre would pay (2303), and what our calculator says."""

    stand: Stand
    visit: Visit
    case: Case
    figures: Figures
    answer: Answer

    @property
    def calculator_agrees(self) -> bool:
        """Whether the centre and our calculator come to the same figures; the centre's count."""
        return agrees(self.figures, self.answer)


def day_of(at: datetime) -> date:
    """The day of an instant in the hospital's zone."""
    return at.astimezone(HOSPITAL_ZONE).date()


def snapshot(charges: Sequence[Charge]) -> str:
    """SHA-256 over everything of the lines that decides what is paid, in hexadecimal."""
    lines = [
        [
            str(charge.charge_id),
            charge.item_code,
            charge.line_class,
            charge.price_fen,
            format(charge.count.normalize(), "f"),
            charge.price_limit_fen,
            format(charge.preself_ratio.normalize(), "f"),
        ]
        for charge in charges
    ]
    return hashlib.sha256(json.dumps(lines, separators=(",", ":")).encode()).hexdigest()


def case_of(stand: Stand, insured: Insured, year: YearSums, institution: Institution) -> Case:
    """The case in the format of `journey settle`: anybody can compute it again."""
    return Case(
        pack=PACK_OF[insured.insutype],
        on=stand.ended_on,
        hospital_level=institution.level,
        admission_number=year.settlements + 1,
        person=Person(retired=insured.retired, low_income=insured.low_income),
        referral=None,
        year_to_date=YearToDate(
            hifp_pay_fen=year.hifp_pay_fen,
            hifob_pay_fen=year.hifob_pay_fen,
            compliant_burden_fen=year.compliant_burden_fen,
            maf_pay_fen=year.maf_pay_fen,
        ),
        account_balance_fen=insured.balance_fen,
        lines=tuple(_line(charge) for charge in stand.charges),
    )


def admission_of(stand: Stand) -> Admission:
    """The stay as 2401 makes it known."""
    return Admission(
        stay_id=stand.account.stay_id,
        psn_no=stand.psn_no,
        insutype=stand.coverage.insutype,
        began_at=stand.account.opened_at,
    )


def fee_lines(stand: Stand) -> list[FeeLine]:
    """The lines as 2301 makes them known; a line's number at the centre is its number on the account."""
    numbers = {charge.charge_id: charge.line_no for charge in stand.charges}
    return [
        FeeLine(
            number=charge.line_no,
            returns=None if charge.return_of is None else numbers[charge.return_of],
            item_code=charge.item_code,
            line_class=charge.line_class,
            price_fen=charge.price_fen,
            count=charge.count,
            price_limit_fen=charge.price_limit_fen,
            preself_ratio=charge.preself_ratio,
            amount_fen=charge.amount_fen,
            charged_at=charge.charged_at,
        )
        for charge in stand.charges
    ]


def bill_of(stand: Stand, visit: Visit) -> BillToSettle:
    """What 2303 and 2304 are asked with."""
    return BillToSettle(
        psn_no=visit.psn_no,
        insutype=visit.insutype,
        mdtrt_id=str(visit.mdtrt_id),
        medfee_sumamt_fen=stand.total_fen,
        ended_on=stand.ended_on,
    )


def agrees(figures: Figures, answer: Answer) -> bool:
    """Whether the centre's figures are the calculator's."""
    return figures.oth_pay_fen == 0 and all(
        getattr(figures, field) == getattr(answer, field) for field in _COMPARED if field != "oth_pay_fen"
    )


_COMPARED: Final = tuple(Figures.__dataclass_fields__)


def _line(charge: Charge) -> Line:
    return Line(
        name=charge.item_code,
        line_class=LineClass(charge.line_class),
        price_fen=charge.price_fen,
        count=charge.count,
        price_limit_fen=charge.price_limit_fen,
        preself_ratio=charge.preself_ratio,
    )
