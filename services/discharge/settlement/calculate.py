"""What insurance pays for one stay and what is left to the patient (settlement rules, case level).

Each field is computed unrounded and rounded half up once; one that enters another enters as printed, and the
personal part is the remainder. So identities A to D hold to the fen, whatever the case. No number of a rule is here.
"""

from dataclasses import dataclass
from decimal import localcontext

from services.discharge.settlement.layers import assistance, compliant_burden, large_amount, serious_illness
from services.discharge.settlement.lines import split
from services.discharge.settlement.model import Answer, Case, Fault, LineAnswer, Step, Unacceptable, YearToDate
from services.discharge.settlement.policy import Pack
from services.discharge.settlement.pool import deductible, pool
from services.discharge.settlement.rounding import EXACT

BIGINT_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Totals:
    """The lines' sums: identity A at case level."""

    medfee_fen: int
    own_fen: int
    over_fen: int
    preself_fen: int
    in_scope_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Benefit:
    """What each layer pays, as printed, and why."""

    dedc_fen: int
    hifp_fen: int
    hifob_fen: int
    hifmi_fen: int
    maf_fen: int
    steps: tuple[Step, ...]

    @property
    def fund_fen(self) -> int:
        return self.hifp_fen + self.hifob_fen + self.hifmi_fen + self.maf_fen


def calculate(case: Case, pack: Pack) -> Answer:
    """The national fields of a case in fen, with every step that led to them.

    Raises `Unacceptable` when the pack has no rule for such a case, or an in-scope or personal total is below zero.
    """
    if faults := contradictions(case, pack):
        raise Unacceptable(faults)
    with localcontext(EXACT):
        pairs = [split(line, place, pack) for place, line in enumerate(case.lines)]
        lines = tuple(answer for answer, _ in pairs)
        totals = _totals(lines)
        benefit = _benefit(case, pack, totals)
    personal = totals.medfee_fen - benefit.fund_fen
    if personal < 0:
        raise Unacceptable([_below_zero("personal", personal)])
    account = min(case.account_balance_fen, personal)
    last = _last_steps(case, totals, benefit, account)
    return Answer(
        medfee_sumamt_fen=totals.medfee_fen,
        fulamt_ownpay_amt_fen=totals.own_fen,
        overlmt_selfpay_fen=totals.over_fen,
        preselfpay_amt_fen=totals.preself_fen,
        inscp_scp_amt_fen=totals.in_scope_fen,
        act_pay_dedc_fen=benefit.dedc_fen,
        hifp_pay_fen=benefit.hifp_fen,
        hifob_pay_fen=benefit.hifob_fen,
        hifmi_pay_fen=benefit.hifmi_fen,
        maf_pay_fen=benefit.maf_fen,
        fund_pay_sumamt_fen=benefit.fund_fen,
        psn_part_amt_fen=personal,
        acct_pay_fen=account,
        psn_cash_pay_fen=personal - account,
        lines=lines,
        steps=(*(step for _, step in pairs), _sum_step(totals), *benefit.steps, *last),
        packs=(pack.ref,),
    )


def contradictions(case: Case, pack: Pack) -> list[Fault]:
    """Where a case asks a pack for what it does not have; empty when they fit."""
    faults = []
    if case.pack != pack.name:
        faults.append(Fault(field="pack", problem=f"the rules at hand are {pack.name}", remedy=f"load {case.pack}"))
    if case.on < pack.valid_from:
        faults.append(pack.day_fault(case.on))
    if case.hospital_level not in pack.levels:
        faults.append(pack.level_fault(case.hospital_level))
    if case.referral is not None and case.referral not in pack.referral:
        problem = f"{pack.name} has no bonus for {case.referral}"
        faults.append(Fault(field="referral", problem=problem, remedy="write null"))
    return faults


def year_after(case: Case, answer: Answer, pack: Pack) -> YearToDate:
    """What the year has used up once this case is settled: `year_to_date` of the same year's next stay."""
    before = case.year_to_date
    burden, _ = compliant_burden(
        pack,
        in_scope_fen=answer.inscp_scp_amt_fen,
        preself_fen=answer.preselfpay_amt_fen,
        hifp_fen=answer.hifp_pay_fen,
        hifob_fen=answer.hifob_pay_fen,
    )
    return YearToDate(
        hifp_pay_fen=before.hifp_pay_fen + answer.hifp_pay_fen,
        hifob_pay_fen=before.hifob_pay_fen + answer.hifob_pay_fen,
        compliant_burden_fen=before.compliant_burden_fen + burden,
        maf_pay_fen=before.maf_pay_fen + answer.maf_pay_fen,
    )


def _totals(lines: tuple[LineAnswer, ...]) -> _Totals:
    if sum(abs(line.amount_fen) for line in lines) > BIGINT_MAX:
        problem = "the amounts are larger than a ledger can hold"
        raise Unacceptable([Fault(field="lines", problem=problem, remedy="check each price and count")])
    in_scope = sum(line.inscp_scp_amt_fen for line in lines)
    if in_scope < 0:
        raise Unacceptable([_below_zero("in-scope", in_scope)])
    return _Totals(
        medfee_fen=sum(line.amount_fen for line in lines),
        own_fen=sum(line.fulamt_ownpay_amt_fen for line in lines),
        over_fen=sum(line.overlmt_selfpay_fen for line in lines),
        preself_fen=sum(line.preselfpay_amt_fen for line in lines),
        in_scope_fen=in_scope,
    )


def _below_zero(total: str, fen: int) -> Fault:
    problem = f"the {total} total is {fen} fen, below zero"
    return Fault(field="lines", problem=problem, remedy="return no more than what was charged")


def _benefit(case: Case, pack: Pack, totals: _Totals) -> _Benefit:
    dedc, dedc_step = deductible(case, pack, totals.in_scope_fen)
    share = pool(case, pack, totals.in_scope_fen, dedc)
    hifob, hifob_step = large_amount(case, pack, share)
    burden, burden_step = compliant_burden(
        pack,
        in_scope_fen=totals.in_scope_fen,
        preself_fen=totals.preself_fen,
        hifp_fen=share.hifp_pay_fen,
        hifob_fen=hifob,
    )
    hifmi, hifmi_steps = serious_illness(case, pack, burden)
    maf, maf_step = assistance(case, pack, burden, hifmi)
    return _Benefit(
        dedc_fen=dedc,
        hifp_fen=share.hifp_pay_fen,
        hifob_fen=hifob,
        hifmi_fen=hifmi,
        maf_fen=maf,
        steps=(dedc_step, *share.steps, hifob_step, burden_step, *hifmi_steps, maf_step),
    )


def _sum_step(totals: _Totals) -> Step:
    return Step(
        what="sums over the lines (identity A: the total is the sum of its four parts)",
        inputs={},
        gives={
            "medfee_sumamt_fen": totals.medfee_fen,
            "fulamt_ownpay_amt_fen": totals.own_fen,
            "overlmt_selfpay_fen": totals.over_fen,
            "preselfpay_amt_fen": totals.preself_fen,
            "inscp_scp_amt_fen": totals.in_scope_fen,
        },
    )


def _last_steps(case: Case, totals: _Totals, benefit: _Benefit, account: int) -> tuple[Step, ...]:
    personal = totals.medfee_fen - benefit.fund_fen
    return (
        Step(
            what="identity B: the funds together",
            inputs={
                "hifp_pay_fen": benefit.hifp_fen,
                "hifob_pay_fen": benefit.hifob_fen,
                "hifmi_pay_fen": benefit.hifmi_fen,
                "maf_pay_fen": benefit.maf_fen,
            },
            gives={"fund_pay_sumamt_fen": benefit.fund_fen},
        ),
        Step(
            what="identity C: the personal part is what the funds leave",
            inputs={"medfee_sumamt_fen": totals.medfee_fen, "fund_pay_sumamt_fen": benefit.fund_fen},
            gives={"psn_part_amt_fen": personal},
        ),
        Step(
            what="the smaller of account balance and personal part",
            inputs={"account_balance_fen": case.account_balance_fen, "psn_part_amt_fen": personal},
            gives={"acct_pay_fen": account},
        ),
        Step(
            what="identity D: cash is what the personal account leaves",
            inputs={"psn_part_amt_fen": personal, "acct_pay_fen": account},
            gives={"psn_cash_pay_fen": personal - account},
        ),
    )
