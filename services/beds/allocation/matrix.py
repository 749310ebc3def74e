"""A round as arrays: patients down, columns of interchangeable free beds across.

Invariant: every number and every rule comes from the scalar functions of `scoring`, asked once for each distinct
pair of traits and spread over the matrix, and terms are added in the same order. So a weight here and the points
of `score` are equal to the last bit, and a pair is open here exactly if `first_broken_rule` says None.
Rows are in order of request id, columns in order of room and bed id: the answer does not depend on the input's order.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from services.beds.allocation import traits
from services.beds.allocation.model import Round
from services.beds.scoring import hard_rules, points
from services.beds.scoring.hard_rules import Rule
from services.beds.scoring.model import Place, Policy, Sex, SexPolicy, Waiting
from services.beds.scoring.points import Context

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
R = TypeVar("R")
C = TypeVar("C")
Table = tuple[tuple[Any, Callable[[Waiting], Any], Callable[[Place], Any], Callable[[Any, Any], float]], ...]

RULES = tuple(Rule)
NONE_BROKEN = np.int8(len(RULES))
SEX_BROKEN = np.int8(RULES.index(Rule.SEX))
SEXES = (Sex.FEMALE, Sex.MALE)
OPEN, MIXED, NEITHER = -1, -2, -3


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Free beds of one room that differ in nothing but their ids; `place` is the first of them."""

    place: Place
    bed_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """`weights` is NaN where a rule other than room sex forbids the pair; `broken` indexes `RULES`.

    `sex` indexes `SEXES`, or is NEITHER. `room_sex` is the same for each room, or OPEN (empty and single-sex) or MIXED.
    `room` leads from a column to its room, `free` says how many beds a column has.
    """

    waiting: tuple[Waiting, ...]
    columns: tuple[Column, ...]
    weights: Floats
    broken: Codes
    tier: Ints
    sex: Ints
    room: Ints
    room_sex: Ints
    free: Ints
    context: Context


def build(question: Round) -> Matrix:
    """Lay a round out as arrays."""
    waiting = tuple(sorted(question.waiting, key=lambda one: one.request_id))
    columns = columns_of(question.free)
    places = [column.place for column in columns]
    context = points.context_of(waiting, question.policy)
    broken = broken_rules(waiting, places, question.policy)
    weights = pair_weights(waiting, places, question.policy, context)
    weights[(broken != NONE_BROKEN) & (broken != SEX_BROKEN)] = np.nan
    room_ids, room = kinds(place.room_id for place in places)
    room_sex = np.full(len(room_ids), OPEN)
    room_sex[room] = [sex_state(place) for place in places]
    return Matrix(
        waiting=waiting,
        columns=columns,
        weights=weights,
        broken=broken,
        tier=np.array([hard_rules.tier(one) for one in waiting], dtype=np.int64),
        sex=np.array([SEXES.index(one.sex) if one.sex in SEXES else NEITHER for one in waiting], dtype=np.int64),
        room=room,
        room_sex=room_sex,
        free=np.array([len(column.bed_ids) for column in columns], dtype=np.int64),
        context=context,
    )


def columns_of(free: Iterable[Place]) -> tuple[Column, ...]:
    """Group the free beds by all that a score or a rule looks at."""
    alike: dict[Hashable, list[Place]] = {}
    for place in sorted(free, key=lambda place: (place.room_id, place.bed_id)):
        alike.setdefault(traits.alike(place), []).append(place)
    return tuple(Column(place=beds[0], bed_ids=tuple(bed.bed_id for bed in beds)) for beds in alike.values())


def sex_state(place: Place) -> int:
    """What the room of a bed is to the sex rule before the round; a room of unknown sex takes neither."""
    if place.sex_policy is SexPolicy.MIXED:
        return MIXED
    if place.room_sex is None:
        return OPEN
    return SEXES.index(place.room_sex) if place.room_sex in SEXES else NEITHER


def pair_weights(waiting: Sequence[Waiting], places: Sequence[Place], policy: Policy, context: Context) -> Floats:
    """The score of every pair, without its explanation."""
    scale, weights = policy.weights.fit, policy.weights
    terms: Table = (
        (weights.spec, traits.specialty, traits.ward, lambda one, at: points.closeness(one, at[0], at[1], policy)),
        (weights.campus, traits.campus, traits.campus, eq),
        (weights.equip, traits.needs, lambda place: place.attributes & policy.scarce, points.thrift),
        (weights.los, traits.expected_days, traits.stay_band, points.in_band),
        (weights.flex, traits.sex, traits.sex_rule, lambda sex, room: points.keeps_flexible(sex, *room)),
    )
    of_patient = np.array([points.total(points.priority(one, policy, context)) for one in waiting], dtype=np.float64)
    summed = np.repeat(of_patient[:, None], len(places), axis=1)
    for weight, of_row, of_column, value in terms:
        summed += (scale * weight) * spread(map(of_row, waiting), map(of_column, places), value)
    return summed


def broken_rules(waiting: Sequence[Waiting], places: Sequence[Place], policy: Policy) -> Codes:
    """The first broken rule of every pair with a free bed, as its index in `RULES`, or NONE_BROKEN."""
    rules: Table = (
        (Rule.HELD, hard_rules.tier, traits.for_resuscitation, hard_rules.may_use_held),
        (Rule.SPECIALTY, traits.specialty, traits.ward, lambda one, at: hard_rules.accepts_specialty(one, *at)),
        (Rule.CAMPUS, traits.reach, traits.campus, lambda own, at: hard_rules.within_reach(own[0], own[1], at)),
        (Rule.DAY_SURGERY, traits.admission_class, traits.attributes, hard_rules.suits_day_surgery),
        (Rule.AGE, lambda one: hard_rules.is_child(one.age_years, policy), traits.age_group, hard_rules.suits_age),
        (Rule.ISOLATION, traits.isolation, traits.isolation, eq),
        (Rule.EQUIPMENT, traits.needs, traits.attributes, frozenset.issubset),
        (Rule.SEX, traits.sex, traits.sex_rule, lambda sex, room: hard_rules.suits_sex(sex, *room)),
    )
    first = np.full((len(waiting), len(places)), NONE_BROKEN, dtype=np.int8)
    for rule, of_row, of_column, holds in reversed(rules):
        held = spread(map(of_row, waiting), map(of_column, places), holds)
        first[held == 0] = RULES.index(rule)
    return first


def spread(rows: Iterable[R], columns: Iterable[C], value: Callable[[R, C], float]) -> npt.NDArray[Any]:
    """`value` of every row with every column, asked once for each distinct pair."""
    row_kinds, row_codes = kinds(rows)
    column_kinds, column_codes = kinds(columns)
    table = np.array([[value(row, column) for column in column_kinds] for row in row_kinds])
    return table.reshape(len(row_kinds), len(column_kinds)).take(column_codes, axis=1).take(row_codes, axis=0)


def kinds(values: Iterable[R]) -> tuple[list[R], Ints]:
    """The distinct values in order of appearance, and for each value which of them it is."""
    codes: dict[R, int] = {}
    each = [codes.setdefault(value, len(codes)) for value in values]
    return list(codes), np.array(each, dtype=np.int64)
