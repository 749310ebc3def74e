"""The layers above the pool: large-amount fund, serious-illness insurance, medical assistance.

Each takes what the layers before it printed, pays at most what is left, and a pack without the layer pays nothing.
"""

from decimal import Decimal
from fractions import Fraction

from services.discharge.settlement.model import Case, Step, Value
from services.discharge.settlement.policy import Pack, SeriousIllness
from services.discharge.settlement.pool import PoolShare
from services.discharge.settlement.rounding import half_up, shown


def large_amount(case: Case, pack: Pack, share: PoolShare) -> tuple[int, Step]:
    """`hifob_pay`: the large-amount fund's share of in-scope money beyond the pool's cap, up to its own cap."""
    rule = pack.large_amount
    if rule is None:
        return 0, _absent(pack, "large_amount", "hifob_pay_fen", "large-amount fund (大额互助)")
    left = max(0, rule.cap_fen - case.year_to_date.hifob_pay_fen)
    paid = min(half_up(share.beyond_fen * Fraction(rule.ratio)), left)
    return paid, Step(
        what="in-scope money beyond the pool's cap * ratio, stopped at what the fund's own cap leaves",
        inputs={
            "beyond_cap_fen": shown(share.beyond_fen),
            "ratio": rule.ratio,
            "cap_fen": rule.cap_fen,
            "year_to_date.hifob_pay_fen": case.year_to_date.hifob_pay_fen,
            "cap_left_fen": left,
        },
        gives={"hifob_pay_fen": paid, "large_self_pay_fen": shown(share.beyond_fen - paid)},
        pack=pack.name,
        entries=("large_amount.ratio", "large_amount.cap_fen"),
    )


def compliant_burden(
    pack: Pack, *, in_scope_fen: int, preself_fen: int, hifp_fen: int, hifob_fen: int
) -> tuple[int, Step]:
    """In-scope money that pool and large-amount fund did not pay; with 先行自付 where the pack counts it."""
    counted = preself_fen if pack.burden_counts_preself else 0
    burden = in_scope_fen + counted - hifp_fen - hifob_fen
    return burden, Step(
        what="compliant burden: in scope, with 先行自付 where the pack counts it, less hifp and hifob as printed",
        inputs={
            "inscp_scp_amt_fen": in_scope_fen,
            "preselfpay_counted_fen": counted,
            "hifp_pay_fen": hifp_fen,
            "hifob_pay_fen": hifob_fen,
        },
        gives={"compliant_burden_fen": burden},
        pack=pack.name,
        entries=("burden_counts_preself",),
    )


def serious_illness(case: Case, pack: Pack, burden_fen: int) -> tuple[int, tuple[Step, ...]]:
    """`hifmi_pay`: T(year to date + burden) - T(year to date), so that an earlier burden is never paid twice."""
    rule = pack.serious_illness
    if rule is None:
        return 0, (_absent(pack, "serious_illness", "hifmi_pay_fen", "serious-illness insurance (大病保险)"),)
    before = case.year_to_date.compliant_burden_fen
    earlier, first = _tiers(case, pack, rule, "year to date", before)
    whole, second = _tiers(case, pack, rule, "year to date + burden", before + burden_fen)
    paid = half_up(whole - earlier)
    difference = Step(
        what="T(year to date + burden) - T(year to date)",
        inputs={"T(year to date + burden)": shown(whole), "T(year to date)": shown(earlier)},
        gives={"hifmi_pay_fen": paid},
    )
    return paid, (first, second, difference)


def assistance(case: Case, pack: Pack, burden_fen: int, hifmi_fen: int) -> tuple[int, Step]:
    """`maf_pay`: for low income, a share of the burden left above the threshold, up to the cap a year."""
    rule = pack.low_income_assistance
    if rule is None:
        return 0, _absent(pack, "low_income_assistance", "maf_pay_fen", "medical assistance (医疗救助)")
    if not case.person.low_income:
        return 0, Step(
            what="medical assistance (医疗救助) is for low income only",
            inputs={"low_income": case.person.low_income},
            gives={"maf_pay_fen": 0},
            pack=pack.name,
            entries=("low_income_assistance",),
        )
    left = max(0, rule.cap_fen - case.year_to_date.maf_pay_fen)
    above = max(0, burden_fen - hifmi_fen - rule.threshold_fen)
    paid = min(half_up(above * rule.ratio), left)
    return paid, Step(
        what="(burden - hifmi - threshold) * ratio, stopped at what the cap leaves",
        inputs={
            "compliant_burden_fen": burden_fen,
            "hifmi_pay_fen": hifmi_fen,
            "threshold_fen": rule.threshold_fen,
            "ratio": rule.ratio,
            "cap_fen": rule.cap_fen,
            "year_to_date.maf_pay_fen": case.year_to_date.maf_pay_fen,
            "cap_left_fen": left,
        },
        gives={"maf_pay_fen": paid},
        pack=pack.name,
        entries=("low_income_assistance",),
    )


def _tiers(case: Case, pack: Pack, rule: SeriousIllness, of: str, burden_fen: int) -> tuple[Decimal, Step]:
    """T: what the tiers pay of a year's burden above the threshold."""
    low = case.person.low_income
    threshold = rule.low_income.threshold_fen if low else rule.threshold_fen
    points = rule.low_income.points if low else Decimal(0)
    entries = ["serious_illness.low_income" if low else "serious_illness.threshold_fen"]
    inputs: dict[str, Value] = {"burden_fen": burden_fen, "threshold_fen": threshold}
    above, floor, paid = max(0, burden_fen - threshold), 0, Decimal(0)
    for place, tier in enumerate(rule.tiers):
        ceiling = above if tier.up_to_fen is None else min(above, tier.up_to_fen)
        if ceiling > floor:
            ratio = tier.ratio + points
            paid += (ceiling - floor) * ratio
            inputs |= {f"tiers[{place}].part_fen": ceiling - floor, f"tiers[{place}].ratio": ratio}
            entries.append(f"serious_illness.tiers[{place}]")
        floor = max(floor, ceiling)
    return paid, Step(
        what=f"T({of}): each tier's part above the threshold * its ratio",
        inputs=inputs,
        gives={f"T({of})": shown(paid)},
        pack=pack.name,
        entries=tuple(entries),
    )


def _absent(pack: Pack, entry: str, field: str, layer: str) -> Step:
    return Step(what=f"the pack has no {layer}", inputs={}, gives={field: 0}, pack=pack.name, entries=(entry,))
