"""A policy pack: every parameter of one scheme's inpatient benefit from one day on.

A pack that exists is coherent: bands and tiers ascend and the last one is open, ratios lie in 0…1, no amount is
negative. So the calculator never checks a parameter.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.discharge.settlement.model import Fault, PackRef, Referral


class LimitOrder(StrEnum):
    """Whether a price limit cuts before the 先行自付 ratio is taken, or after it."""

    LIMIT_FIRST = "limit-first"
    RATIO_FIRST = "ratio-first"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """How a line falls into its four parts."""

    limit_order: LimitOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """In-scope money (deductible included) up to `up_to_fen`; what the patient bears of it in service."""

    up_to_fen: int | None
    self_ratio: Decimal

    def __post_init__(self) -> None:
        """Refuse a ratio outside 0…1."""
        _share("self_ratio", self.self_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The pool at one hospital level; the last deductible holds for all later admissions of the year."""

    deductible_fen_by_admission: tuple[int, ...]
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        """Refuse a missing deductible and bands with gaps."""
        if not self.deductible_fen_by_admission:
            raise ValueError("deductible_fen_by_admission: give at least the first admission's deductible")
        for amount in self.deductible_fen_by_admission:
            _amount("deductible_fen_by_admission", amount)
        _ascending("bands", [band.up_to_fen for band in self.bands])


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeAmount:
    """The large-amount fund (大额互助): its share of in-scope money above the pool's cap, and its own cap a year."""

    ratio: Decimal
    cap_fen: int

    def __post_init__(self) -> None:
        """Refuse a ratio outside 0…1 and a negative cap."""
        _share("ratio", self.ratio)
        _amount("cap_fen", self.cap_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Burden above the threshold up to `up_to_fen`, and the share that serious-illness insurance pays of it."""

    up_to_fen: int | None
    ratio: Decimal

    def __post_init__(self) -> None:
        """Refuse a ratio outside 0…1."""
        _share("ratio", self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowIncome:
    """What serious-illness insurance grants to a person of low income instead."""

    threshold_fen: int
    points: Decimal

    def __post_init__(self) -> None:
        """Refuse points outside 0…1 and a negative threshold."""
        _share("points", self.points)
        _amount("threshold_fen", self.threshold_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriousIllness:
    """Serious-illness insurance (大病保险): tiers over the year's compliant burden above a threshold."""

    threshold_fen: int
    tiers: tuple[Tier, ...]
    low_income: LowIncome

    def __post_init__(self) -> None:
        """Refuse tiers with gaps and a ratio that the points lift above 1."""
        _amount("threshold_fen", self.threshold_fen)
        _ascending("tiers", [tier.up_to_fen for tier in self.tiers])
        for tier in self.tiers:
            _share("tiers.ratio + low_income.points", tier.ratio + self.low_income.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistance:
    """Medical assistance (医疗救助) for low income: its share of the burden left above a threshold, and its cap."""

    threshold_fen: int
    ratio: Decimal
    cap_fen: int

    def __post_init__(self) -> None:
        """Refuse a ratio outside 0…1 and negative amounts."""
        _share("ratio", self.ratio)
        _amount("threshold_fen", self.threshold_fen)
        _amount("cap_fen", self.cap_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralBonus:
    """Points that an alliance referral adds to the pool's fund ratio, which it never lifts above the ceiling."""

    points: Decimal
    ratio_ceiling: Decimal

    def __post_init__(self) -> None:
        """Refuse points and ceilings outside 0…1."""
        _share("points", self.points)
        _share("ratio_ceiling", self.ratio_ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One scheme's rules from `valid_from` on. Null means that the scheme has no such rule."""

    name: str
    version: str
    valid_from: date
    verified: bool
    title: str
    source: str
    notes: tuple[str, ...]
    insured_area: str | None
    insutype: str
    line: LineRule
    levels: dict[int, Level]
    retired_self_factor: Decimal | None
    pool_cap_fen: int
    large_amount: LargeAmount | None
    burden_counts_preself: bool
    serious_illness: SeriousIllness | None
    low_income_assistance: Assistance | None
    referral: dict[Referral, ReferralBonus]

    def __post_init__(self) -> None:
        """Refuse a factor outside 0…1, a negative cap and a pack without a level."""
        if self.retired_self_factor is not None:
            _share("retired_self_factor", self.retired_self_factor)
        _amount("pool_cap_fen", self.pool_cap_fen)
        if not self.levels:
            raise ValueError("levels: give the rules of at least one hospital level")

    @property
    def ref(self) -> PackRef:
        """What a settlement keeps to name the rules it used."""
        return PackRef(name=self.name, version=self.version, valid_from=self.valid_from, verified=self.verified)

    def day_fault(self, on: date) -> Fault:
        """Says that a day lies before this pack."""
        remedy = f"write {self.valid_from} or a later day"
        return Fault(field="on", problem=f"{on} lies before {self.name}", remedy=remedy)

    def level_fault(self, level: int) -> Fault:
        """Says that this pack has no rules for a hospital level, and which levels it has."""
        known = " or ".join(map(str, sorted(self.levels)))
        return Fault(field="hospital_level", problem=f"{self.name} has no level {level}", remedy=f"write {known}")


def _share(field: str, ratio: Decimal) -> None:
    if not 0 <= ratio <= 1:
        raise ValueError(f"{field}: {ratio} is outside 0…1")


def _amount(field: str, fen: int) -> None:
    if fen < 0:
        raise ValueError(f"{field}: {fen} is negative; give fen, 0 or more")


def _ascending(field: str, limits: list[int | None]) -> None:
    closed = [limit for limit in limits[:-1] if limit is not None]
    if not limits or limits[-1] is not None or len(closed) != len(limits) - 1:
        raise ValueError(f"{field}: only the last up_to_fen, and always the last, is null")
    if any(later <= earlier for earlier, later in zip([0, *closed], closed, strict=False)):
        raise ValueError(f"{field}: up_to_fen must rise from one entry to the next")
