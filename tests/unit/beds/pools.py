"""Bed pools made up from a seed: wards of 40, rooms of 1 to 4, 30 specialties, 3 campuses, a tenth of the beds free."""

import random
from typing import Any

from services.beds.allocation.model import Round
from services.beds.scoring import policy_file
from services.beds.scoring.model import (
    AdmissionClass,
    AgeGroup,
    BedStatus,
    Isolation,
    Place,
    Policy,
    Sex,
    SexPolicy,
    Waiting,
)

CAMPUSES = ("east", "north", "west")
SPECIALTIES = tuple(f"S{number:02}" for number in range(30))
WARD_BEDS = 40
ISOLATED = (97, 1, 1, 1)
SEXES = (Sex.FEMALE, Sex.MALE)
FEATURES = (("oxygen", 0.8), ("telemetry", 0.3), ("negative-pressure", 0.05), ("bariatric", 0.05))


def hospital(waiting: int, beds: int, seed: int, occupied: float = 0.9, policy: Policy | None = None) -> Round:
    """A round of a hospital that nobody has seen, the same for the same arguments."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    return Round(
        waiting=tuple(patient(chance, number) for number in range(waiting)),
        places=tuple(place for ward in range(-(-beds // WARD_BEDS)) for place in ward_beds(chance, ward, occupied))[
            :beds
        ],
        policy=policy or policy_file.default(),
    )


def patient(chance: random.Random, number: int) -> Waiting:
    """Somebody who waits."""
    kind = chance.choices(tuple(AdmissionClass), weights=(20, 25, 20, 5, 8, 22))[0]
    campus = chance.choice(CAMPUSES)
    return Waiting(
        request_id=f"R{number:05}",
        specialty=chance.choice(SPECIALTIES),
        campus=campus,
        reachable=frozenset(other for other in CAMPUSES if other != campus and chance.random() < 0.9),
        sex=chance.choice(SEXES),
        age_years=chance.choice((6, 25, 35, 50, 65, 70, 75, 80)),
        triage=chance.choices((1, 2, 3, 4), weights=(1, 3, 5, 4))[0] if kind is AdmissionClass.EMERGENCY else None,
        admission_class=kind,
        waited_hours=round(chance.expovariate(1 / 60), 2),
        rw=round(chance.uniform(0.3, 4.5), 2) if chance.random() < 0.8 else None,
        level4=chance.random() < 0.15,
        department_cmi=round(chance.uniform(0.7, 1.6), 2),
        social_points=chance.choice((0.0, 0.0, 0.0, 0.5, 1.0)),
        needs=frozenset(name for name, _ in FEATURES[:2] if chance.random() < 0.12),
        isolation=chance.choices(tuple(Isolation), weights=ISOLATED)[0],
        expected_days=chance.choice((1, 2, 4, 7, 10, 14)),
        immediate=chance.random() < 0.02,
    )


def ward_beds(chance: random.Random, ward: int, occupied: float) -> list[Place]:
    """Forty beds in rooms of one to four, all of one home specialty and two to four others."""
    chain = chance.sample(SPECIALTIES, chance.randint(3, 5))
    ward_traits = {
        "campus": CAMPUSES[ward % len(CAMPUSES)],
        "ward": f"W{ward:03}",
        "specialty": chain[0],
        "overflow": tuple(chain[1:]),
        "age_group": AgeGroup.PAEDIATRIC if ward % 15 == 7 else chance.choice((AgeGroup.ADULT, AgeGroup.ANY)),
        "stay_band": chance.choice((None, (1, 3), (3, 9), (5, 30))),
    }
    places: list[Place] = []
    while left := WARD_BEDS - len(places):
        room_id = f"W{ward:03}/{len(places):02}"
        places += room_beds(chance, room_id, min(left, chance.choice((1, 2, 3, 3, 4))), occupied, ward_traits)
    return places


def room_beds(chance: random.Random, room_id: str, size: int, occupied: float, ward: dict[str, Any]) -> list[Place]:
    """One room; of those already in it, all are of one sex."""
    taken = [chance.random() < occupied for _ in range(size)]
    features = {name for name, share in FEATURES if chance.random() < share}
    if ward["ward"].endswith("5"):
        features.add("day-surgery")
    room = {
        "room_id": room_id,
        "sex_policy": SexPolicy.MIXED if size == 1 or chance.random() < 0.1 else SexPolicy.SINGLE,
        "room_sex": chance.choice(SEXES) if any(taken) else None,
        "attributes": frozenset(features),
        "isolation": chance.choices(tuple(Isolation), weights=ISOLATED)[0],
    }
    states = (BedStatus.OCCUPIED if one else BedStatus.UNOCCUPIED for one in taken)
    return [Place(bed_id=f"{room_id}/{bed}", status=state, **room, **ward) for bed, state in enumerate(states, 1)]
