"""The score of a pair: eleven terms, each weight x value, six of the patient and five of the bed.

Invariant: the points of a score are its terms added from left to right, nothing else, and so are the optimiser's
arrays: the two agree to the last bit. Payment source is no input, and no term moves a patient between tiers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from statistics import fmean, median
from typing import NamedTuple

from services.beds.scoring.model import Place, Policy, Sex, SexPolicy, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a score takes from all who wait: the hospital's CMI and the median RWs that stand in for unknown ones."""

    hospital_cmi: float
    rw_by_specialty: Mapping[str, float]
    rw_overall: float | None


class Term(NamedTuple):
    """One line of the explanation. `assumed` marks a value that stands in for one nobody has given yet."""

    name: str
    weight: float
    value: float
    assumed: bool = False

    @property
    def points(self) -> float:
        """What the term adds to the score."""
        return self.weight * self.value


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well a bed suits a patient under one version of the policy, and why."""

    points: float
    terms: tuple[Term, ...]
    policy_version: str


def context_of(waiting: Iterable[Waiting], policy: Policy) -> Context:
    """Gather what the scores of one round share. RW medians are per specialty, with that of all as the next best."""
    everyone = tuple(waiting)
    known: dict[str, list[float]] = {}
    for one in everyone:
        if one.rw is not None:
            known.setdefault(one.specialty, []).append(one.rw)
    every_rw = [rw for of_specialty in known.values() for rw in of_specialty]
    mean_cmi = fmean(one.department_cmi for one in everyone) if everyone else 0.0
    return Context(
        hospital_cmi=mean_cmi if policy.hospital_cmi is None else policy.hospital_cmi,
        rw_by_specialty={specialty: median(of_specialty) for specialty, of_specialty in known.items()},
        rw_overall=median(every_rw) if every_rw else None,
    )


def score(waiting: Waiting, place: Place, policy: Policy, context: Context) -> Score:
    """Score a pair, term by term. It asks no hard rule, so that an override's price can be told too."""
    terms = priority(waiting, policy, context) + fit(waiting, place, policy)
    return Score(points=total(terms), terms=terms, policy_version=policy.version)


def total(terms: Iterable[Term]) -> float:
    """The terms' points, added from left to right."""
    return reduce(add, (term.points for term in terms), 0.0)


def priority(waiting: Waiting, policy: Policy, context: Context) -> tuple[Term, ...]:
    """The six terms that belong to the patient, whichever the bed."""
    weights = policy.weights
    rw = context.rw_by_specialty.get(waiting.specialty, context.rw_overall) if waiting.rw is None else waiting.rw
    return (
        Term("u", weights.u, policy.urgency[waiting.urgency]),
        Term("a", weights.a, ageing(waiting, policy)),
        Term("rw", weights.rw, complexity(rw, policy), assumed=waiting.rw is None),
        Term("l4", weights.l4, float(waiting.level4)),
        Term("cmi", weights.cmi, department(waiting.department_cmi, policy, context)),
        Term("s", weights.s, waiting.social_points),
    )


def fit(waiting: Waiting, place: Place, policy: Policy) -> tuple[Term, ...]:
    """The five terms that say how well the bed suits; `flex` looks at the room as it was before the round."""
    scale, weights = policy.weights.fit, policy.weights
    spec = closeness(waiting.specialty, place.specialty, place.overflow, policy)
    campus = float(waiting.campus == place.campus)
    equip = thrift(waiting.needs, place.attributes & policy.scarce)
    los = float(in_band(waiting.expected_days, place.stay_band))
    flex = float(keeps_flexible(waiting.sex, place.sex_policy, place.room_sex))
    return (
        Term("spec", scale * weights.spec, spec),
        Term("campus", scale * weights.campus, campus),
        Term("equip", scale * weights.equip, equip),
        Term("los", scale * weights.los, los),
        Term("flex", scale * weights.flex, flex),
    )


def ageing(waiting: Waiting, policy: Policy) -> float:
    """Share of the longest wait that has passed; past it, the overdue part counts `overdue_factor` times."""
    share = waiting.waited_hours / policy.longest_wait_hours[waiting.urgency]
    return min(share, 1.0) + policy.overdue_factor * max(0.0, share - 1.0)


def complexity(rw: float | None, policy: Policy) -> float:
    """The DRG weight on a scale from 0 to 1; 0 when nobody in the round has one."""
    return 0.0 if rw is None else clip((rw - policy.rw_floor) / policy.rw_span)


def department(cmi: float, policy: Policy, context: Context) -> float:
    """The department's case mix against the hospital's, from 0 to 1; 0 where the hospital has none."""
    return clip(cmi / context.hospital_cmi - policy.cmi_offset) if context.hospital_cmi > 0 else 0.0


def closeness(specialty: str, home: str, overflow: tuple[str, ...], policy: Policy) -> float:
    """The ward's own specialty, then its overflow chain; 0 for a specialty the ward does not take."""
    if specialty == home:
        return policy.home
    if specialty not in overflow:
        return 0.0
    return policy.overflow[min(overflow.index(specialty), len(policy.overflow) - 1)]


def thrift(needs: frozenset[str], scarce_in_room: frozenset[str]) -> float:
    """1 less the share of the room's scarce features that this patient would use up for nothing."""
    return 1.0 - len(scarce_in_room - needs) / len(scarce_in_room) if scarce_in_room else 1.0


def in_band(expected_days: float, stay_band: tuple[int, int] | None) -> bool:
    """The stay is as long as the ward is meant for, or the ward is for any."""
    return stay_band is None or stay_band[0] <= expected_days <= stay_band[1]


def keeps_flexible(sex: Sex, policy: SexPolicy, room_sex: Sex | None) -> bool:
    """No empty room is bound to one sex by this."""
    return policy is SexPolicy.MIXED or room_sex is sex


def clip(value: float) -> float:
    """The value, held between 0 and 1."""
    return min(max(value, 0.0), 1.0)
