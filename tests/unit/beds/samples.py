"""One patient and one bed that suit each other, to be changed in one thing; and small random rounds full of ties."""

from hypothesis import strategies as st

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

POLICY = policy_file.default()


def waiting(**changes) -> Waiting:
    """A woman of fifty, elective A, cardiology, east campus."""
    usual = {
        "request_id": "R1",
        "specialty": "cardiology",
        "campus": "east",
        "sex": Sex.FEMALE,
        "age_years": 50,
        "admission_class": AdmissionClass.A,
        "waited_hours": 0,
        "department_cmi": 1.0,
        "expected_days": 5,
    }
    return Waiting(**(usual | changes))


def place(**changes) -> Place:
    """A free bed in an empty single-sex room of the cardiology ward, east campus."""
    usual = {
        "bed_id": "B1",
        "campus": "east",
        "ward": "E1",
        "specialty": "cardiology",
        "room_id": "E1/01",
        "status": BedStatus.UNOCCUPIED,
        "sex_policy": SexPolicy.SINGLE,
        "age_group": AgeGroup.ADULT,
    }
    return Place(**(usual | changes))


def round_of(patients, beds, policy=POLICY) -> Round:
    """A round under the default policy."""
    return Round(waiting=tuple(patients), places=tuple(beds), policy=policy)


few = st.frozensets(st.sampled_from(("oxygen", "telemetry", "bariatric")), max_size=2)
specialties = st.sampled_from(("cardiology", "surgery", "paediatrics"))
campuses = st.sampled_from(("east", "west"))
isolations = st.sampled_from((Isolation.NONE, Isolation.NONE, Isolation.NONE, Isolation.DROPLET))
emergency = st.sampled_from([(AdmissionClass.EMERGENCY, level) for level in (1, 2, 3, 4)])
planned = st.sampled_from([(one, None) for one in AdmissionClass if one is not AdmissionClass.EMERGENCY])


@st.composite
def patients(draw, most: int):
    """Up to `most` who wait; few distinct values, so that many are equally good."""
    drawn = []
    for number in range(draw(st.integers(0, most))):
        kind, triage = draw(st.one_of(emergency, planned))
        drawn.append(
            waiting(
                request_id=f"R{number}",
                specialty=draw(specialties),
                campus=draw(campuses),
                reachable=frozenset(draw(st.sets(campuses))),
                sex=draw(st.sampled_from(Sex)),
                age_years=draw(st.sampled_from((3, 13.9, 14, 60))),
                triage=triage,
                admission_class=kind,
                waited_hours=draw(st.sampled_from((0, 1, 12, 100))),
                rw=draw(st.sampled_from((None, 0.4, 1.0, 4.2))),
                level4=draw(st.booleans()),
                department_cmi=draw(st.sampled_from((0.0, 0.8, 1.3))),
                social_points=draw(st.sampled_from((0.0, 0.5, 1.0))),
                needs=draw(few) if draw(st.booleans()) else frozenset(),
                isolation=draw(isolations),
                expected_days=draw(st.sampled_from((1, 3, 8))),
                immediate=draw(st.sampled_from((False, False, False, True))),
            )
        )
    return drawn


@st.composite
def rooms(draw, most: int, policies=tuple(SexPolicy)):
    """Up to `most` rooms of one to three beds."""
    beds = []
    for number in range(draw(st.integers(0, most))):
        room = {
            "room_id": f"room{number}",
            "ward": f"ward{number % 2}",
            "campus": draw(campuses),
            "specialty": draw(specialties),
            "overflow": tuple(draw(st.lists(specialties, max_size=2, unique=True))),
            "sex_policy": draw(st.sampled_from(policies)),
            "room_sex": draw(st.sampled_from((None, None, Sex.FEMALE, Sex.MALE, Sex.UNKNOWN))),
            "attributes": draw(few) | draw(st.sampled_from((frozenset(), frozenset(), frozenset({"day-surgery"})))),
            "age_group": draw(st.sampled_from(AgeGroup)),
            "isolation": draw(isolations),
            "stay_band": draw(st.sampled_from((None, (1, 3)))),
        }
        states = draw(st.lists(st.sampled_from([BedStatus.UNOCCUPIED] * 4 + list(BedStatus)), min_size=1, max_size=3))
        held = draw(st.sampled_from((False, False, False, True)))
        beds += [
            place(bed_id=f"room{number}-{bed}", status=state, for_resuscitation=held and bed == 0, **room)
            for bed, state in enumerate(states)
        ]
    return beds


def rounds(most_patients: int, most_rooms: int, policies=tuple(SexPolicy)):
    """Whole rounds."""
    return st.builds(round_of, patients(most_patients), rooms(most_rooms, policies))
