"""The national interface as the centre reads it: envelopes and inputs, strictly, and answers in its words.

Written apart from the hospital's adapter on purpose: two readings of one interface check each other.
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.discharge.settlement.model import Answer, LineClass
from services.simulator.centre.model import FeeLine, Insured, Settlement, YearSums

ACCOUNT_FUND = "310200"
POOL_FUND = "310100"


def _fen(value: object) -> int:
    try:
        fen = Decimal(str(value)) * 100
        if fen == int(fen):
            return int(fen)
    except (InvalidOperation, OverflowError, ValueError):
        pass
    raise ValueError("is no amount of yuan with at most two decimals")


Yuan = Annotated[int, BeforeValidator(_fen)]
Sn = Annotated[str, Field(min_length=1, max_length=30)]
PsnNo = Annotated[str, Field(min_length=1, max_length=40)]


class Envelope(BaseModel):
    """A request. Fields that this centre does not look at are let pass."""

    infno: str = Field(pattern=r"^\d{4}$")
    msgid: str = Field(pattern=r"^[A-Z0-9]{12}\d{18}$")
    mdtrtarea_admvs: str = Field(pattern=r"^\d{6}$")
    insuplc_admdvs: str = Field(pattern=r"^\d{6}$")
    opter_type: Literal["1", "2", "3"]
    sign_no: str
    input: dict[str, Any]


class PersonInput(BaseModel):
    """1101."""

    psn_no: PsnNo


class EntitlementInput(BaseModel):
    """2001."""

    psn_no: PsnNo
    insutype: str
    begntime: date


class SumsInput(BaseModel):
    """5206."""

    psn_no: PsnNo
    insutype: str
    cum_ym: int = Field(ge=1900, le=2200)


class AdmissionInput(BaseModel):
    """2401."""

    psn_no: PsnNo
    insutype: str
    begntime: str
    med_type: Literal["21", "23", "24"]
    ipt_no: PsnNo


class LineInput(BaseModel):
    """A line of 2301."""

    feedetl_sn: Sn
    init_feedetl_sn: str = ""
    mdtrt_id: Sn
    psn_no: PsnNo
    medins_list_codg: str
    chrgitm_lv: LineClass
    pric: Yuan
    cnt: Decimal
    det_item_fee_sumamt: Yuan
    pric_uplmt_amt: Yuan | None
    selfpay_prop: Decimal = Field(ge=0, le=1)

    def line(self) -> FeeLine:
        """The line as a value."""
        return FeeLine(
            feedetl_sn=self.feedetl_sn,
            init_feedetl_sn=self.init_feedetl_sn or None,
            item_code=self.medins_list_codg,
            line_class=self.chrgitm_lv,
            price_fen=self.pric,
            count=self.cnt,
            price_limit_fen=self.pric_uplmt_amt,
            preself_ratio=self.selfpay_prop,
            amount_fen=self.det_item_fee_sumamt,
        )


class LinesInput(BaseModel):
    """2301; at most a hundred lines a call."""

    feedetail: list[LineInput] = Field(min_length=1, max_length=100)


class BillInput(BaseModel):
    """2303 and 2304."""

    psn_no: PsnNo
    insutype: str
    mdtrt_id: Sn
    med_type: Literal["21", "23", "24"]
    medfee_sumamt: Yuan
    acct_used_flag: Literal["1"]
    dscg_time: date
    medins_setl_id: str


class QueryInput(BaseModel):
    """5203."""

    psn_no: PsnNo
    mdtrt_id: Sn
    medins_setl_id: str


class ReversalInput(BaseModel):
    """2601."""

    psn_no: PsnNo
    omsgid: str
    oinfno: Literal["2207", "2208", "2304", "2305", "2401"]


class UndoInput(BaseModel):
    """2305."""

    psn_no: PsnNo
    mdtrt_id: Sn
    setl_id: Sn


def yuan(fen: int) -> str:
    """1850 → 18.50, as text."""
    return str((Decimal(fen) / 100).quantize(Decimal("0.01")))


def person_output(insured: Insured) -> dict[str, Any]:
    """1101: psn_type 11 employed, 12 retired, 14 resident."""
    kind = "14" if insured.insutype == "390" else "12" if insured.retired else "11"
    return {
        "baseinfo": {"psn_no": insured.psn_no},
        "insuinfo": [
            {"insutype": insured.insutype, "psn_type": kind, "balc": yuan(insured.account_balance_fen)},
        ],
        "idetinfo": [{"psn_idet_type": "low-income"}] if insured.low_income else [],
    }


def sums_output(sums: YearSums, insutype: str, year: int) -> dict[str, Any]:
    """5206."""
    used = sums.used
    named = {
        "setl_cnt": str(sums.settlements),
        "hifp_pay": yuan(used.hifp_pay_fen),
        "hifob_pay": yuan(used.hifob_pay_fen),
        "compliant_burden": yuan(used.compliant_burden_fen),
        "maf_pay": yuan(used.maf_pay_fen),
    }
    place = {"insutype": insutype, "year": str(year)}
    return {"cuminfo": [{**place, "cum_type_code": code, "cum": cum} for code, cum in named.items()]}


def figures_output(answer: Answer) -> dict[str, Any]:
    """2303: what 2304 would give."""
    fields = {
        "medfee_sumamt": answer.medfee_sumamt_fen,
        "fulamt_ownpay_amt": answer.fulamt_ownpay_amt_fen,
        "overlmt_selfpay": answer.overlmt_selfpay_fen,
        "preselfpay_amt": answer.preselfpay_amt_fen,
        "inscp_scp_amt": answer.inscp_scp_amt_fen,
        "act_pay_dedc": answer.act_pay_dedc_fen,
        "hifp_pay": answer.hifp_pay_fen,
        "hifob_pay": answer.hifob_pay_fen,
        "hifmi_pay": answer.hifmi_pay_fen,
        "maf_pay": answer.maf_pay_fen,
        "fund_pay_sumamt": answer.fund_pay_sumamt_fen,
        "psn_part_amt": answer.psn_part_amt_fen,
        "acct_pay": answer.acct_pay_fen,
        "psn_cash_pay": answer.psn_cash_pay_fen,
    }
    return {"setlinfo": _setlinfo(fields)}


def settlement_output(settled: Settlement) -> dict[str, Any]:
    """2304, 2305 and 5203: the settlement with its ids, and the funds one by one; the account is among them."""
    fields = {
        "medfee_sumamt": settled.medfee_fen,
        "fulamt_ownpay_amt": settled.ownpay_fen,
        "overlmt_selfpay": settled.overlimit_fen,
        "preselfpay_amt": settled.preself_fen,
        "inscp_scp_amt": settled.in_scope_fen,
        "act_pay_dedc": settled.deductible_fen,
        "hifp_pay": settled.hifp_fen,
        "hifob_pay": settled.hifob_fen,
        "hifmi_pay": settled.hifmi_fen,
        "maf_pay": settled.maf_fen,
        "fund_pay_sumamt": settled.fund_fen,
        "psn_part_amt": settled.personal_fen,
        "acct_pay": settled.account_fen,
        "psn_cash_pay": settled.cash_fen,
    }
    ids = {"setl_id": settled.setl_id, "medins_setl_id": settled.msgid, "mdtrt_id": settled.mdtrt_id}
    funds = {POOL_FUND: settled.fund_fen, ACCOUNT_FUND: settled.account_fen}
    return {
        "setlinfo": {**ids, **_setlinfo(fields)},
        "setldetail": [{"fund_pay_type": code, "fund_payamt": yuan(fen)} for code, fen in funds.items() if fen],
    }


def _setlinfo(fields: dict[str, int]) -> dict[str, str]:
    none = dict.fromkeys(("cvlserv_pay", "hifes_pay", "oth_pay", "hosp_part_amt"), 0)
    return {name: yuan(fen) for name, fen in {**fields, **none}.items()}
