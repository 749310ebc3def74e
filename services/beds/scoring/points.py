"""The score of a pair: terms, each weight x value, six of the patient and five of the bed, and two that are rare.

`wish` is there for who wants a certain ward, `delay` for a bed that is not free yet.

Invariant: the points of a score are its terms added from left to right, nothing else, and so are the optimiser's
arrays: the two agree to the last bit. Payment source is no input, and no term moves a patient between tiers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from statistics import fmean, median
from typing import NamedTuple

from services.beds.scoring.model import NO_CASE_MIX, CaseMix, Place, Policy, Sex, SexPolicy, Waiting

SOFT_RULES = ("spec", "campus", "equip", "los", "flex", "wish", "delay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a score takes from the others: CMIs of settled stays, and the median RWs that stand in for unknown ones."""

    hospital_cmi: float
    rw_by_specialty: Mapping[str, float]
    rw_overall: float | None
    cmi: Mapping[str, float] = field(default_factory=dict)


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


class Concession(NamedTuple):
    """A soft rule that a bed does not keep in full, and what that costs in points."""

    rule: str
    cost: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well a bed suits a patient under one version of the policy, and why."""

    points: float
    terms: tuple[Term, ...]
    policy_version: str


def context_of(waiting: Iterable[Waiting], policy: Policy, mix: CaseMix = NO_CASE_MIX) -> Context:
    """Gather what the scores of one round share.

    An unknown RW is the median of the specialty's settled stays, else of those of it who wait, else of all who wait.
    """
    everyone = tuple(waiting)
    known: dict[str, list[float]] = {}
    for one in everyone:
        if one.rw is not None:
            known.setdefault(one.specialty, []).append(one.rw)
    every_rw = [rw for of_specialty in known.values() for rw in of_specialty]
    mean_cmi = fmean(one.department_cmi for one in everyone) if everyone else 0.0
    stated = mix.hospital_cmi if policy.hospital_cmi is None else policy.hospital_cmi
    medians = {specialty: median(of_specialty) for specialty, of_specialty in known.items()}
    return Context(
        hospital_cmi=mean_cmi if stated is None else stated,
        rw_by_specialty=medians | dict(mix.median_rw),
        rw_overall=median(every_rw) if every_rw else None,
        cmi=mix.cmi,
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
    return (
        Term("u", weights.u, policy.urgency[waiting.urgency]),
        Term("a", weights.a, ageing(waiting, policy)),
        Term("rw", weights.rw, complexity(known_rw(waiting, context), policy), assumed=waiting.rw is None),
        Term("l4", weights.l4, float(waiting.level4)),
        Term(
            "cmi",
            weights.cmi,
            department(known_cmi(waiting, context), policy, context),
            assumed=waiting.specialty not in context.cmi,
        ),
        Term("s", weights.s, waiting.social_points),
    )


def fit(waiting: Waiting, place: Place, policy: Policy) -> tuple[Term, ...]:
    """The terms that say how well the bed suits; `flex` looks at the room as it was before the round."""
    scale, weights = policy.weights.fit, policy.weights
    spec = closeness(waiting.specialty, place.specialty, place.overflow, policy)
    campus = float(waiting.campus == place.campus)
    equip = thrift(waiting.needs, place.attributes & policy.scarce)
    los = float(in_band(waiting.expected_days, place.stay_band))
    flex = float(keeps_flexible(waiting.sex, place.sex_policy, place.room_sex))
    always = (
        Term("spec", scale * weights.spec, spec),
        Term("campus", scale * weights.campus, campus),
        Term("equip", scale * weights.equip, equip),
        Term("los", scale * weights.los, los),
        Term("flex", scale * weights.flex, flex),
    )
    wish = (Term("wish", scale * weights.wish, wished(waiting.wanted_ward, place.ward)),) if waiting.wanted_ward else ()
    delay = (Term("delay", -weights.delay, delayed(place.free_in_hours, policy)),) if place.free_in_hours else ()
    return always + wish + delay


def concessions(terms: Iterable[Term]) -> tuple[Concession, ...]:
    """The soft rules that a bed does not keep in full, the dearest first."""
    soft = [term for term in terms if term.name in SOFT_RULES]
    lost = [Concession(term.name, max(0.0, term.weight) - term.points) for term in soft]
    return tuple(sorted((one for one in lost if one.cost > 0), key=lambda one: -one.cost))


def known_rw(waiting: Waiting, context: Context) -> float | None:
    """The patient's own RW, else the median that stands in for it."""
    if waiting.rw is not None:
        return waiting.rw
    return context.rw_by_specialty.get(waiting.specialty, context.rw_overall)


def known_cmi(waiting: Waiting, context: Context) -> float:
    """The CMI of the department's settled stays, else the one that came with the request."""
    return context.cmi.get(waiting.specialty, waiting.department_cmi)


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


def wished(wanted_ward: str | None, ward: str) -> float:
    """1 in the ward that the patient wants."""
    return float(wanted_ward == ward)


def delayed(free_in_hours: float, policy: Policy) -> float:
    """How much of the horizon passes before the bed is free, from 0 to 1."""
    return clip(free_in_hours / policy.horizon_hours)


def clip(value: float) -> float:
    """The value, held between 0 and 1."""
    return min(max(value, 0.0), 1.0)
