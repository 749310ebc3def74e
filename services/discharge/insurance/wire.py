"""The words of the national interface (settlement rules, section 4): envelopes, inputs, and answers read strictly.

Money goes as yuan with two decimals in a string, so that no float is ever between two integers of fen.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from services.discharge.insurance.model import (
    CENTRE_ZONE,
    Admission,
    BillToSettle,
    CentreSettlement,
    FeeLine,
    Figures,
    Institution,
)

INTERFACE_VERSION = "V1.0"
MOBILE = "3"
INPATIENT = "21"
RETIRED = "12"
LOW_INCOME = "low-income"


def yuan(fen: int) -> str:
    """1850 → "18.50"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _fen(value: object) -> int:
    """Yuan as text or number → fen: 18.50 → 1850. Anything finer than a fen is no money."""
    try:
        fen = Decimal(str(value)) * 100
        if fen == int(fen):
            return int(fen)
    except (InvalidOperation, OverflowError, ValueError):
        pass
    raise ValueError("is no amount of yuan with at most two decimals")


Yuan = Annotated[int, BeforeValidator(_fen)]


class Reply(BaseModel):
    """An answer's envelope."""

    infcode: int
    inf_refmsgid: str = ""
    err_msg: str = ""
    output: dict[str, Any] | None = None


class Insurance(BaseModel):
    """One way in which the person is insured."""

    insutype: str
    psn_type: str
    balc: Yuan


class Identity(BaseModel):
    """A special status of the person."""

    psn_idet_type: str


class PersonOutput(BaseModel):
    """1101."""

    insuinfo: list[Insurance]
    idetinfo: list[Identity] = []


class Entitlement(BaseModel):
    """One line of 2001."""

    trt_enjymnt_flag: str


class EntitlementOutput(BaseModel):
    """2001."""

    trtinfo: list[Entitlement]


class Sum(BaseModel):
    """One sum of 5206; a count where the code says so, else yuan."""

    cum_type_code: str
    cum: Decimal


class SumsOutput(BaseModel):
    """5206."""

    cuminfo: list[Sum]


class VisitResult(BaseModel):
    """What 2401 gives."""

    mdtrt_id: str


class VisitOutput(BaseModel):
    """2401."""

    result: VisitResult


class SetlFields(BaseModel):
    """The settlement fields of 2303, 2304 and 5203."""

    setl_id: str = ""
    medins_setl_id: str = ""
    medfee_sumamt: Yuan
    fulamt_ownpay_amt: Yuan
    overlmt_selfpay: Yuan
    preselfpay_amt: Yuan
    inscp_scp_amt: Yuan
    act_pay_dedc: Yuan
    hifp_pay: Yuan
    cvlserv_pay: Yuan
    hifes_pay: Yuan
    hifmi_pay: Yuan
    hifob_pay: Yuan
    maf_pay: Yuan
    oth_pay: Yuan
    fund_pay_sumamt: Yuan
    hosp_part_amt: Yuan
    psn_part_amt: Yuan
    acct_pay: Yuan
    psn_cash_pay: Yuan

    def figures(self) -> Figures:
        """The fields as values. Raises `ValueError` for a hospital's part, which this slice cannot book."""
        if self.hosp_part_amt:
            raise ValueError("hosp_part_amt is not 0")
        return Figures(
            medfee_sumamt_fen=self.medfee_sumamt,
            fulamt_ownpay_amt_fen=self.fulamt_ownpay_amt,
            overlmt_selfpay_fen=self.overlmt_selfpay,
            preselfpay_amt_fen=self.preselfpay_amt,
            inscp_scp_amt_fen=self.inscp_scp_amt,
            act_pay_dedc_fen=self.act_pay_dedc,
            hifp_pay_fen=self.hifp_pay,
            hifob_pay_fen=self.hifob_pay,
            hifmi_pay_fen=self.hifmi_pay,
            maf_pay_fen=self.maf_pay,
            oth_pay_fen=self.cvlserv_pay + self.hifes_pay + self.oth_pay,
            fund_pay_sumamt_fen=self.fund_pay_sumamt,
            psn_part_amt_fen=self.psn_part_amt,
            acct_pay_fen=self.acct_pay,
            psn_cash_pay_fen=self.psn_cash_pay,
        )

    def settlement(self) -> CentreSettlement:
        """The settlement as a value. Raises `ValueError` when it does not say its ids."""
        if not (self.setl_id and self.medins_setl_id):
            raise ValueError("setl_id or medins_setl_id is missing")
        return CentreSettlement(setl_id=self.setl_id, medins_setl_id=self.medins_setl_id, figures=self.figures())


class SetlOutput(BaseModel):
    """2303, 2304, 5203; 5203 has no setlinfo where nothing was settled."""

    setlinfo: SetlFields | None = None


def envelope(institution: Institution, infno: str, msgid: str, at: datetime, body: dict[str, Any]) -> dict[str, Any]:
    """A request: who asks, what, and the input. The operator is the bedside (3 mobile)."""
    return {
        "infno": infno,
        "msgid": msgid,
        "mdtrtarea_admvs": institution.area,
        "insuplc_admdvs": institution.area,
        "infver": INTERFACE_VERSION,
        "opter_type": MOBILE,
        "opter": "bedside",
        "inf_time": clock_time(at),
        "fixmedins_code": institution.code,
        "sign_no": "",
        "input": body,
    }


def clock_time(at: datetime) -> str:
    """An instant as the interface writes it, in the centre's zone."""
    return f"{at.astimezone(CENTRE_ZONE):%Y-%m-%d %H:%M:%S}"


def person_input(psn_no: str) -> dict[str, Any]:
    """1101, by the number that the electronic voucher gave (mdtrt_cert_type 01)."""
    return {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": psn_no, "psn_no": psn_no}}


def entitlement_input(psn_no: str, insutype: str, on: date) -> dict[str, Any]:
    """2001."""
    return {"data": {"psn_no": psn_no, "insutype": insutype, "med_type": INPATIENT, "begntime": on.isoformat()}}


def sums_input(psn_no: str, insutype: str, year: int) -> dict[str, Any]:
    """5206."""
    return {"data": {"psn_no": psn_no, "insutype": insutype, "cum_ym": str(year)}}


def admission_input(admission: Admission) -> dict[str, Any]:
    """2401."""
    return {
        "mdtrtinfo": {
            "psn_no": admission.psn_no,
            "insutype": admission.insutype,
            "begntime": clock_time(admission.began_at),
            "med_type": INPATIENT,
            "ipt_no": str(admission.stay_id),
        }
    }


def lines_input(psn_no: str, mdtrt_id: str, lines: Sequence[FeeLine]) -> dict[str, Any]:
    """2301."""
    return {"feedetail": [_line_input(psn_no, mdtrt_id, line) for line in lines]}


def _line_input(psn_no: str, mdtrt_id: str, line: FeeLine) -> dict[str, Any]:
    return {
        "feedetl_sn": str(line.number),
        "init_feedetl_sn": "" if line.returns is None else str(line.returns),
        "mdtrt_id": mdtrt_id,
        "psn_no": psn_no,
        "fee_ocur_time": clock_time(line.charged_at),
        "medins_list_codg": line.item_code,
        "chrgitm_lv": line.line_class,
        "pric": yuan(line.price_fen),
        "cnt": format(line.count, "f"),
        "det_item_fee_sumamt": yuan(line.amount_fen),
        "pric_uplmt_amt": None if line.price_limit_fen is None else yuan(line.price_limit_fen),
        "selfpay_prop": format(line.preself_ratio, "f"),
    }


def bill_input(bill: BillToSettle, msgid: str) -> dict[str, Any]:
    """2303 and 2304 have the same input; `medins_setl_id` repeats the msgid."""
    return {
        "data": {
            "psn_no": bill.psn_no,
            "insutype": bill.insutype,
            "mdtrt_id": bill.mdtrt_id,
            "med_type": INPATIENT,
            "medfee_sumamt": yuan(bill.medfee_sumamt_fen),
            "acct_used_flag": "1",
            "dscg_time": bill.ended_on.isoformat(),
            "medins_setl_id": msgid,
        }
    }


def settlement_input(bill: BillToSettle, settling: str) -> dict[str, Any]:
    """5203."""
    return {"data": {"psn_no": bill.psn_no, "mdtrt_id": bill.mdtrt_id, "medins_setl_id": settling}}


def reversal_input(psn_no: str, original_msgid: str, original_infno: str) -> dict[str, Any]:
    """2601."""
    return {"data": {"psn_no": psn_no, "omsgid": original_msgid, "oinfno": original_infno}}


def undo_input(bill: BillToSettle, setl_id: str) -> dict[str, Any]:
    """2305."""
    return {"data": {"psn_no": bill.psn_no, "mdtrt_id": bill.mdtrt_id, "setl_id": setl_id}}
