"""The rules no score can outweigh, and the order in which a broken one is named.

Invariant: `first_broken_rule` is the reference. The optimiser's arrays are made of the same small predicates, and
every pair it assigns is put to `first_broken_rule` once more. What a room becomes by the patients newly assigned
to it is the round's to count: it passes places whose `room_sex` says so.
"""

from enum import StrEnum

from services.beds.scoring.model import (
    DAY_SURGERY,
    AdmissionClass,
    AgeGroup,
    BedStatus,
    Place,
    Policy,
    Sex,
    SexPolicy,
    Waiting,
)

URGENT_TRIAGE = (1, 2)


class Rule(StrEnum):
    """Why a bed is not for a patient, in the order of asking. TAKEN breaks none: a better pair has the bed."""

    STATUS = "status"
    HELD = "held"
    SPECIALTY = "specialty"
    CAMPUS = "campus"
    DAY_SURGERY = "day-surgery"
    AGE = "age"
    ISOLATION = "isolation"
    EQUIPMENT = "equipment"
    SEX = "sex"
    TAKEN = "taken"


def tier(waiting: Waiting) -> int:
    """0 for whoever goes before everybody else: triage 1 or 2, or flagged immediate. 1 for the rest."""
    return 0 if waiting.immediate or waiting.triage in URGENT_TRIAGE else 1


def first_broken_rule(waiting: Waiting, place: Place, policy: Policy) -> Rule | None:
    """The first rule that forbids this patient this bed, or None."""
    asked = (
        (Rule.STATUS, place.status is BedStatus.UNOCCUPIED),
        (Rule.HELD, may_use_held(tier(waiting), place.for_resuscitation)),
        (Rule.SPECIALTY, accepts_specialty(waiting.specialty, place.specialty, place.overflow)),
        (Rule.CAMPUS, within_reach(waiting.campus, waiting.reachable, place.campus)),
        (Rule.DAY_SURGERY, suits_day_surgery(waiting.admission_class, place.attributes)),
        (Rule.AGE, suits_age(is_child(waiting.age_years, policy), place.age_group)),
        (Rule.ISOLATION, waiting.isolation is place.isolation),
        (Rule.EQUIPMENT, waiting.needs <= place.attributes),
        (Rule.SEX, suits_sex(waiting.sex, place.sex_policy, place.room_sex)),
    )
    return next((rule for rule, holds in asked if not holds), None)


def may_use_held(of_tier: int, for_resuscitation: bool) -> bool:
    """A bed held for resuscitation is for whoever goes before everybody else, and for nobody else."""
    return of_tier == 0 or not for_resuscitation


def accepts_specialty(specialty: str, home: str, overflow: tuple[str, ...]) -> bool:
    """Home or allowed overflow."""
    return specialty == home or specialty in overflow


def within_reach(own: str, reachable: frozenset[str], campus: str) -> bool:
    """The patient's own campus or one they can be brought to."""
    return campus == own or campus in reachable


def suits_day_surgery(admission_class: AdmissionClass, attributes: frozenset[str]) -> bool:
    """A day-surgery bed takes day surgery only, and day surgery takes such a bed only."""
    return (admission_class is AdmissionClass.DAY) == (DAY_SURGERY in attributes)


def is_child(age_years: float, policy: Policy) -> bool:
    """Under the policy's limit."""
    return age_years < policy.paediatric_below


def suits_age(child: bool, age_group: AgeGroup) -> bool:
    """Children lie among children, unless the room is for any age."""
    return age_group is AgeGroup.ANY or child == (age_group is AgeGroup.PAEDIATRIC)


def suits_sex(sex: Sex, policy: SexPolicy, room_sex: Sex | None) -> bool:
    """A single-sex room never mixes; an unknown sex could, so it takes no place there."""
    if policy is SexPolicy.MIXED:
        return True
    return sex is not Sex.UNKNOWN and room_sex in (None, sex)
