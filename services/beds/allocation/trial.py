"""A round on trial: what a morning round would say if certain patients waited too. Values in, values out.

Invariant: nothing of it is written; the question is the pool's own with patients added, so the answer is as good.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from services.beds.allocation.agenda import Agenda
from services.beds.allocation.model import Answer, Assigned, Round
from services.beds.scoring import points
from services.beds.scoring.model import AdmissionClass, Isolation, Sex, Waiting

Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Hours = Annotated[float, Field(ge=0, le=1_000_000)]


class TrialRequest(BaseModel, extra="forbid"):
    """Somebody who would wait. The fields are those of an admission request."""

    id: Label
    specialty: Code
    campus_id: Label
    reachable_campuses: list[Label] = Field(default=[], max_length=100)
    sex: Sex
    age_years: float = Field(ge=0, le=150)
    triage: int | None = Field(None, ge=1, le=4)
    admission_class: AdmissionClass
    waited_hours: Hours = 0
    rw: float | None = Field(None, gt=0, le=1000)
    level4: bool = False
    department_cmi: float = Field(gt=0, le=1000)
    social_points: float = Field(0, ge=0, le=1)
    needs: list[Code] = Field(default=[], max_length=50)
    isolation: Isolation = Isolation.NONE
    expected_days: int = Field(ge=1, le=3650)
    immediate: bool = False
    wanted_ward_id: Label | None = None


class TrialTerm(BaseModel):
    """One line of a score."""

    name: str
    points: float


class TrialConcession(BaseModel):
    """A soft rule that the bed does not keep in full."""

    rule: str
    cost: float


class TrialPlaced(BaseModel):
    """A patient and the bed that would be proposed."""

    id: str
    bed_id: str
    tier: int
    score: float
    terms: list[TrialTerm]
    concessions: list[TrialConcession]
    runner_up_bed_id: str | None
    margin: float | None
    rival_id: str | None
    rival_margin: float | None
    free_in_hours: float = Field(description="0 = the bed is free now")


class TrialUnplaced(BaseModel):
    """A patient for whom no bed would be left."""

    id: str
    tier: int
    reasons: dict[str, int]


class TrialView(BaseModel):
    """What the round would say."""

    placed: list[TrialPlaced]
    unplaced: list[TrialUnplaced]
    bound: float
    achieved: float
    gap: float
    seconds: float
    policy_version: str


def question(asked: Agenda, requests: Sequence[TrialRequest]) -> Round:
    """The pool's question with these patients in it. Raises `Unscorable`: a triage is missing, an id occurs twice."""
    added = tuple(_waiting(one) for one in requests)
    return replace(asked.question, waiting=(*asked.question.waiting, *added))


def shown(asked: Round, answer: Answer) -> TrialView:
    """The answer, for everybody who waits or would."""
    free_in = {place.bed_id: place.free_in_hours for place in asked.places}
    return TrialView(
        placed=[_placed(one, free_in[one.bed_id]) for one in answer.assigned],
        unplaced=[
            TrialUnplaced(id=one.request_id, tier=one.tier, reasons={str(rule): n for rule, n in one.reasons.items()})
            for one in answer.unassigned
        ],
        bound=answer.bound,
        achieved=answer.achieved,
        gap=answer.gap,
        seconds=answer.seconds,
        policy_version=answer.policy_version,
    )


def _placed(one: Assigned, free_in_hours: float) -> TrialPlaced:
    score, bed, rival = one.score.points, one.runner_up, one.rival
    return TrialPlaced(
        id=one.request_id,
        bed_id=one.bed_id,
        tier=one.tier,
        score=score,
        terms=[TrialTerm(name=term.name, points=term.points) for term in one.score.terms],
        concessions=[TrialConcession(rule=rule, cost=cost) for rule, cost in points.concessions(one.score.terms)],
        runner_up_bed_id=bed.bed_id if bed else None,
        margin=score - bed.points if bed else None,
        rival_id=rival.request_id if rival else None,
        rival_margin=score - rival.points if rival else None,
        free_in_hours=free_in_hours,
    )


def _waiting(one: TrialRequest) -> Waiting:
    return Waiting(
        request_id=one.id,
        specialty=one.specialty,
        campus=one.campus_id,
        reachable=frozenset(one.reachable_campuses),
        sex=one.sex,
        age_years=one.age_years,
        triage=one.triage,
        admission_class=one.admission_class,
        waited_hours=one.waited_hours,
        rw=one.rw,
        level4=one.level4,
        department_cmi=one.department_cmi,
        social_points=one.social_points,
        needs=frozenset(one.needs),
        isolation=one.isolation,
        expected_days=one.expected_days,
        immediate=one.immediate,
        wanted_ward=one.wanted_ward_id,
    )
