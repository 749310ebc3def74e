"""The first two layers: the deductible (起付线) and the pool (统筹基金) with its bands and its cap a year.

Bands are measured on in-scope money including the deductible. Where the cap is reached inside a band, the money that
the pool did not consume is kept exactly, because the next layer works on it.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.discharge.settlement.model import Case, Step, Value
from services.discharge.settlement.policy import Pack
from services.discharge.settlement.rounding import half_up, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShare:
    """What the pool pays, printed, and the in-scope money beyond its cap, unrounded."""

    hifp_pay_fen: int
    beyond_fen: Fraction
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _BandShare:
    part_fen: int
    fund_ratio: Decimal
    step: Step

    @property
    def fund_fen(self) -> Decimal:
        return self.part_fen * self.fund_ratio


def deductible(case: Case, pack: Pack, in_scope_fen: int) -> tuple[int, Step]:
    """`act_pay_dedc`: the deductible of this admission, at most the in-scope money."""
    table = pack.levels[case.hospital_level].deductible_fen_by_admission
    row = min(case.admission_number, len(table)) - 1
    paid = min(table[row], in_scope_fen)
    return paid, Step(
        what="the smaller of the admission's deductible and the in-scope money",
        inputs={
            "admission_number": case.admission_number,
            "deductible_fen": table[row],
            "inscp_scp_amt_fen": in_scope_fen,
        },
        gives={"act_pay_dedc_fen": paid},
        pack=pack.name,
        entries=(f"levels.{case.hospital_level}.deductible_fen_by_admission[{row}]",),
    )


def pool(case: Case, pack: Pack, in_scope_fen: int, deductible_fen: int) -> PoolShare:
    """`hifp_pay`: the bands' shares of in-scope money above the deductible, stopped at what the year's cap leaves."""
    shares = _bands(case, pack, in_scope_fen, deductible_fen)
    left = max(0, pack.pool_cap_fen - case.year_to_date.hifp_pay_fen)
    paid, consumed = _stopped(shares, left)
    hifp = half_up(paid)
    beyond = in_scope_fen - deductible_fen - consumed
    step = Step(
        what="the bands' fund money, stopped at what the year's cap leaves",
        inputs={
            "bands_fund_fen": shown(sum((share.fund_fen for share in shares), Decimal(0))),
            "pool_cap_fen": pack.pool_cap_fen,
            "year_to_date.hifp_pay_fen": case.year_to_date.hifp_pay_fen,
            "cap_left_fen": left,
        },
        gives={
            "hifp_pay_fen": hifp,
            "pool_self_pay_fen": shown(consumed - hifp),
            "beyond_cap_fen": shown(beyond),
        },
        pack=pack.name,
        entries=("pool_cap_fen",),
    )
    return PoolShare(hifp_pay_fen=hifp, beyond_fen=beyond, steps=(*(share.step for share in shares), step))


def _stopped(shares: list[_BandShare], left: int) -> tuple[Decimal, Fraction]:
    """What the pool pays before its cap stops it, and the in-scope money it consumed for that."""
    paid, consumed = Decimal(0), Fraction(0)
    for share in shares:
        if paid + share.fund_fen > left:
            return Decimal(left), consumed + Fraction(left - paid) / Fraction(share.fund_ratio)
        paid += share.fund_fen
        consumed += share.part_fen
    return paid, consumed


def _bands(case: Case, pack: Pack, in_scope_fen: int, deductible_fen: int) -> list[_BandShare]:
    shares, floor = [], deductible_fen
    for place, band in enumerate(pack.levels[case.hospital_level].bands):
        ceiling = in_scope_fen if band.up_to_fen is None else min(in_scope_fen, band.up_to_fen)
        if ceiling > floor:
            shares.append(_band(case, pack, place, floor, ceiling))
        floor = max(floor, ceiling)
    return shares


def _band(case: Case, pack: Pack, place: int, floor: int, ceiling: int) -> _BandShare:
    """Fund ratio = 1 - self ratio * retired factor + referral points, never above the referral's ceiling."""
    self_ratio = pack.levels[case.hospital_level].bands[place].self_ratio
    ratio = 1 - self_ratio
    inputs: dict[str, Value] = {"from_fen": floor, "to_fen": ceiling, "self_ratio": self_ratio}
    entries = [f"levels.{case.hospital_level}.bands[{place}]"]
    if case.person.retired and pack.retired_self_factor is not None:
        ratio = 1 - self_ratio * pack.retired_self_factor
        inputs["retired_self_factor"] = pack.retired_self_factor
        entries.append("retired_self_factor")
    if case.referral is not None:
        bonus = pack.referral[case.referral]
        ratio = max(ratio, min(ratio + bonus.points, bonus.ratio_ceiling))
        inputs |= {"referral_points": bonus.points, "ratio_ceiling": bonus.ratio_ceiling}
        entries.append(f"referral.{case.referral}")
    part = ceiling - floor
    step = Step(
        what=f"band {place + 1} of the pool: in-scope money inside the band * fund ratio",
        inputs=inputs,
        gives={"part_fen": part, "fund_ratio": ratio, "fund_fen": shown(part * ratio)},
        pack=pack.name,
        entries=tuple(entries),
    )
    return _BandShare(part_fen=part, fund_ratio=ratio, step=step)
