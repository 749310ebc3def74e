"""Seeded bed rounds: rooms of 1 to 4, wards of 40, 30 specialties with overflow, 3 campuses, equipment, isolation.

Invariant: the same seed makes the same round; nine beds in ten are occupied, unless it is asked for otherwise.
"""

from random import Random
from typing import Final

from services.beds.allocation.model import Round
from services.beds.scoring import policy_file
from services.beds.scoring.model import (
    AdmissionClass,
    AgeGroup,
    BedStatus,
    Isolation,
    Place,
    Sex,
    SexPolicy,
    Waiting,
)

SPECIALTIES: Final = tuple(f"specialty-{number:02}" for number in range(30))
PAEDIATRIC: Final = SPECIALTIES[-2:]
CAMPUSES: Final = ("east", "west", "north")
WARD_BEDS: Final = 40
OCCUPIED: Final = 0.9
PLANNED: Final = tuple(one for one in AdmissionClass if one is not AdmissionClass.EMERGENCY)
EQUIPMENT: Final = (("oxygen", 0.15), ("telemetry", 0.08))
POLICY: Final = policy_file.default()


def round_of(patients: int, beds: int, seed: int = 7, occupied: float = OCCUPIED) -> Round:
    """A round of so many who wait and so many beds."""
    random = Random(seed)  # noqa: S311 - a reproducible hospital
    places = tuple(place for ward in range(beds // WARD_BEDS + 1) for place in _ward(random, ward, occupied))[:beds]
    waiting = tuple(_waiting(random, number) for number in range(patients))
    return Round(waiting=waiting, places=places, policy=POLICY)


def _ward(random: Random, number: int, occupied: float) -> list[Place]:
    """Forty beds in rooms of one to four."""
    own = SPECIALTIES[number % len(SPECIALTIES)]
    others = [one for one in SPECIALTIES if one != own and (one in PAEDIATRIC) == (own in PAEDIATRIC)]
    ward = {
        "ward": f"W{number:03}",
        "campus": CAMPUSES[number % len(CAMPUSES)],
        "specialty": own,
        "overflow": tuple(random.sample(others, min(len(others), random.randint(2, 4)))),
        "age_group": AgeGroup.PAEDIATRIC if own in PAEDIATRIC else AgeGroup.ADULT,
        "stay_band": random.choice((None, (1, 7), (3, 30))),
    }
    beds: list[Place] = []
    while len(beds) < WARD_BEDS:
        beds += _room(random, ward, f"{ward['ward']}/{len(beds):02}", occupied)
    return beds[:WARD_BEDS]


def _room(random: Random, ward: dict[str, object], room_id: str, occupied: float) -> list[Place]:
    size = random.choice((1, 2, 2, 3, 4))
    taken = [random.random() < occupied for _ in range(size)]
    room = {
        "room_id": room_id,
        "sex_policy": SexPolicy.MIXED if size == 1 else SexPolicy.SINGLE,
        "room_sex": random.choice((Sex.FEMALE, Sex.MALE)) if any(taken) else None,
        "attributes": frozenset(name for name, share in EQUIPMENT if random.random() < 3 * share),
        "isolation": Isolation.CONTACT if size == 1 and random.random() < 0.1 else Isolation.NONE,
    }
    status = {True: BedStatus.OCCUPIED, False: BedStatus.UNOCCUPIED}
    return [Place(bed_id=f"{room_id}/{bed}", status=status[one], **ward, **room) for bed, one in enumerate(taken)]


def _waiting(random: Random, number: int) -> Waiting:
    emergency = random.random() < 0.3
    specialty = random.choice(SPECIALTIES)
    kind = AdmissionClass.EMERGENCY if emergency else random.choice(PLANNED)
    return Waiting(
        request_id=f"R{number:05}",
        specialty=specialty,
        campus=random.choice(CAMPUSES),
        reachable=frozenset(CAMPUSES),
        sex=random.choice((Sex.FEMALE, Sex.MALE)),
        age_years=random.uniform(1, 13) if specialty in PAEDIATRIC else random.uniform(15, 90),
        triage=random.choice((1, 2, 2, 3, 3, 3, 4)) if emergency else None,
        admission_class=kind,
        waited_hours=random.uniform(0, 24 if emergency else 24 * 40),
        rw=random.choice((None, random.uniform(0.4, 5.0))),
        level4=random.random() < 0.1,
        department_cmi=random.uniform(0.7, 1.6),
        needs=frozenset(name for name, share in EQUIPMENT if random.random() < share),
        isolation=Isolation.CONTACT if random.random() < 0.02 else Isolation.NONE,
        expected_days=random.randint(1, 14),
    )
