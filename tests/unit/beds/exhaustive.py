"""The best allocation of a small round by trying every one, with nothing but the scalar rules and scores."""

from collections.abc import Iterator
from dataclasses import replace

from services.beds.allocation.model import Round
from services.beds.scoring import points
from services.beds.scoring.hard_rules import first_broken_rule, tier
from services.beds.scoring.model import Place, SexPolicy


def best(question: Round) -> tuple[float, float]:
    """The greatest total of tier 0, and of tier 1 given that."""
    context = points.context_of(question.waiting, question.policy)

    def tried(number: int, places: tuple[Place, ...], first: float, rest: float) -> Iterator[tuple[float, float]]:
        if number == len(question.waiting):
            yield first, rest
            return
        patient = question.waiting[number]
        yield from tried(number + 1, places, first, rest)
        for place in places:
            if first_broken_rule(patient, place, question.policy) is None:
                as_it_was = next(one for one in question.places if one.bed_id == place.bed_id)
                score = points.score(patient, as_it_was, question.policy, context).points
                left = occupied(places, place, patient.sex)
                gained = (first + score, rest) if tier(patient) == 0 else (first, rest + score)
                yield from tried(number + 1, left, *gained)

    return max((round(first, 6), rest) for first, rest in tried(0, question.free, 0.0, 0.0))


def occupied(places: tuple[Place, ...], taken: Place, sex: str) -> tuple[Place, ...]:
    """The places that are left when one is taken, with its room bound to a sex if it is for one at a time."""
    binds = taken.sex_policy is SexPolicy.SINGLE
    return tuple(
        replace(place, room_sex=sex) if binds and place.room_id == taken.room_id else place
        for place in places
        if place.bed_id != taken.bed_id
    )
