"""The sample hospital has a place for whatever a recording brings, and its files agree with each other."""

import csv
import json
from collections import defaultdict
from datetime import timedelta

import pytest

from services.beds.scoring import policy_file
from services.beds.scoring.hard_rules import first_broken_rule
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
from services.simulator.hospital.files import BEDS_FILE, HERE, NAMES_FILE, build, load
from services.simulator.hospital.generate_beds import beds_of, generate
from services.simulator.reading.timing import hospital_day, years_between
from tests.unit.simulator.exports import read_stay

FILES = ("specialties.json", "clinics.json")
POLICY = policy_file.default()
SICK = ("2020-05-20", "2015-01-01", "2006-06-01", "1980-05-01", "1930-01-01")


@pytest.fixture(scope="module")
def rows():
    """The rows of beds.csv."""
    with BEDS_FILE.open(encoding="utf-8", newline="") as beds:
        return list(csv.DictReader(beds))


@pytest.fixture(scope="module")
def places(rows):
    """The beds as the optimiser sees them."""
    return [place_of(row) for row in rows]


def place_of(row):
    """One row of beds.csv as a place."""
    room = f"{row['campus']}/{row['ward']}/{row['room']}"
    return Place(
        bed_id=f"{room}/{row['bed']}",
        campus=row["campus"],
        ward=row["ward"],
        specialty=row["specialty"],
        overflow=tuple(filter(None, row["overflow"].split(";"))),
        room_id=room,
        status=BedStatus(row["status"]),
        sex_policy=SexPolicy(row["sex_policy"]),
        room_sex=Sex(row["room_sex"]) if row["room_sex"] else None,
        attributes=frozenset(filter(None, row["attributes"].split(";"))),
        age_group=AgeGroup(row["age_group"]),
        isolation=Isolation(row["isolation"]),
        stay_band=tuple(map(int, row["stay_band"].split("-"))),
    )


def open_places(patient, stay, places):
    """The beds that no hard rule forbids to this stay."""
    admission = load().admission(patient, stay)
    waiting = Waiting(
        request_id=str(stay.encounter_id),
        specialty=admission.specialty,
        campus=admission.campus,
        reachable=frozenset(admission.reachable_campuses),
        sex=Sex(patient.sex),
        age_years=years_between(patient.born_on, hospital_day(stay.started_at)),
        triage=admission.triage,
        admission_class=AdmissionClass(admission.admission_class),
        waited_hours=0,
        rw=admission.rw,
        level4=admission.level4,
        department_cmi=admission.department_cmi,
        needs=frozenset(admission.needs),
        isolation=Isolation(admission.isolation),
        expected_days=admission.expected_days,
        immediate=admission.immediate,
    )
    return [place for place in places if first_broken_rule(waiting, place, POLICY) is None]


def test_the_beds_are_what_the_generator_writes():
    assert BEDS_FILE.read_bytes() == generate().encode()


def test_a_group_of_rooms_that_cannot_be_read_is_named():
    ward = {"ward": "X-1", "attributes": "", "rooms": "2x1 3by2"}
    with pytest.raises(ValueError, match=r"ward X-1: rooms '3by2'"):
        list(
            beds_of({**ward, **dict.fromkeys(("campus", "specialty", "sex_policy", "age_group", "stay_band"), "x")}, "")
        )


def test_the_hospital_is_large_enough(rows):
    assert len({row["campus"] for row in rows}) == 3
    assert len({(row["campus"], row["ward"]) for row in rows}) == 36
    assert len(rows) == len({(row["campus"], row["ward"], row["room"], row["bed"]) for row in rows}) == 799


def test_the_beds_of_a_room_agree_about_the_room(rows):
    of_room = defaultdict(set)
    for row in rows:
        traits = (
            "sex_policy",
            "room_sex",
            "attributes",
            "age_group",
            "isolation",
            "specialty",
            "overflow",
            "stay_band",
        )
        of_room[row["campus"], row["ward"], row["room"]].add(tuple(row[trait] for trait in traits))
    assert {len(traits) for traits in of_room.values()} == {1}


def test_every_airborne_room_has_negative_pressure(places):
    airborne = [place for place in places if place.isolation is Isolation.AIRBORNE]
    assert len(airborne) >= 20
    assert all("negative-pressure" in place.attributes for place in airborne)


def test_every_specialty_has_a_ward_and_a_chain_of_two_that_take_its_patients(places):
    homes = {place.specialty for place in places}
    for code, specialty in load().specialties.items():
        assert code in homes
        assert len(set(specialty.overflow) - {code}) == 2
        for other in specialty.overflow:
            assert all(code in place.overflow for place in places if place.specialty == other)


def test_every_shipped_stay_has_beds_to_choose_from(recording, places):
    patients = {patient.patient_id: patient for patient in recording.patients}
    choices = [len(open_places(patients[stay.patient_id], stay, places)) for stay in recording.stays]
    assert min(choices) >= 10


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("born_on", SICK)
@pytest.mark.parametrize("encounter_class", ["emergency", "inpatient"])
def test_whoever_comes_with_whatever_has_beds_to_choose_from(places, sex, born_on, encounter_class):
    who = {"born_on": born_on, "sex": sex, "encounter_class": encounter_class}
    specialties = json.loads((HERE / "specialties.json").read_bytes())
    for rule in [*specialties["admissions"], *specialties["words"], {}]:
        code, reason, word = (next(iter(rule.get(key, ())), "") for key in ("codes", "reasons", "words"))
        patient, stay = read_stay(**who, code=code, reason_code=reason, text=word)
        assert len(open_places(patient, stay, places)) >= 2, rule


@pytest.mark.parametrize(
    ("stay", "expected"),
    [
        (
            {"code": "410429000", "born_on": "2019-01-01"},
            {"specialty": "critical-care", "triage": 1, "immediate": True, "drg": "297", "rw": 0.6524},
        ),
        (
            {"code": "50849002", "reason_code": "233678006", "born_on": "2010-06-30"},
            {"specialty": "paediatrics", "triage": 2, "campus": "north", "source": "emergency"},
        ),
        (
            {"encounter_class": "inpatient", "reason_code": "840539006"},
            {"specialty": "infectious-diseases", "isolation": "airborne", "triage": None, "admission_class": "A"},
        ),
        (
            {"encounter_class": "inpatient", "reason_code": "196416002"},
            {"specialty": "oral-surgery", "admission_class": "day", "source": "day-surgery", "expected_days": 1},
        ),
        (
            {"reason_code": "196416002"},
            {"specialty": "oral-surgery", "admission_class": "emergency", "source": "emergency", "triage": 4},
        ),
        (
            {"text": "Something new", "reason": "Chronic kidney disease stage 4", "encounter_class": "inpatient"},
            {"specialty": "nephrology", "admission_class": "B", "expected_days": 3, "drg": None, "rw": None},
        ),
        (
            {"text": "Something new"},
            {"specialty": "emergency-medicine", "triage": 3, "expected_days": 1, "diagnosis_code": None},
        ),
        (
            {"text": "Something new", "encounter_class": "inpatient", "born_on": "2020-05-20"},
            {"specialty": "neonatology", "campus": "north"},
        ),
        ({"text": "Normal pregnancy", "sex": "M"}, {"specialty": "emergency-medicine"}),
    ],
)
def test_a_stay_asks_for_the_ward_that_its_first_encounter_speaks_of(stay, expected):
    admission = load().admission(*read_stay(**stay))
    assert {name: getattr(admission, name) for name in expected} == expected
    assert sorted((admission.campus, *admission.reachable_campuses)) == ["lakeside", "main", "north"]


@pytest.mark.parametrize(
    ("visit", "kind", "specialty"),
    [
        ({"encounter_class": "wellness", "code": "162673000"}, "ordinary", "general-practice"),
        ({"encounter_class": "wellness", "code": "410620009", "born_on": "2015-01-01"}, "ordinary", "paediatrics"),
        ({"encounter_class": "ambulatory", "code": "424619006"}, "ordinary", "obstetrics"),
        ({"encounter_class": "outpatient", "text": "Check up", "reason": "Asthma"}, "ordinary", "respiratory"),
        ({"encounter_class": "urgentcare", "text": "Something new"}, "ordinary", "general-practice"),
        ({"encounter_class": "virtual", "reason": "Asthma"}, "internet-hospital", "general-practice"),
        ({"encounter_class": "home"}, "mobile", "general-practice"),
    ],
)
def test_a_visit_finds_its_clinics_first_and_then_every_other(visit, kind, specialty):
    patient, stay = read_stay(**visit)
    clinics = load().clinics_for(patient, stay.encounters[0])
    assert [(clinic.kind, clinic.specialty) for clinic in clinics[:2]] == [(kind, specialty)] * 2
    assert len(clinics) == len({clinic.clinic_id for clinic in clinics}) == len(load().clinics)


def test_clinics_are_open_round_the_clock_every_day():
    for clinic in load().clinics:
        assert [hours.weekday for hours in clinic.week] == [1, 2, 3, 4, 5, 6, 7]
        assert {(hours.opens, hours.closes) for hours in clinic.week} == {(timedelta(0), timedelta(hours=24))}
        assert clinic.slot_minutes == 30


def test_everything_has_a_chinese_and_an_english_name(rows):
    names = json.loads(NAMES_FILE.read_text(encoding="utf-8"))
    assert names["campuses"].keys() == {row["campus"] for row in rows}
    assert names["wards"].keys() == {row["ward"] for row in rows}
    assert names["clinics"].keys() == {clinic.clinic_id for clinic in load().clinics}
    assert names["specialties"].keys() == {*load().specialties, "general-practice", "day-surgery"}
    given = [names["hospital"], *(name for key in names.keys() - {"hospital"} for name in names[key].values())]
    assert all(set(name) == {"zh", "en"} and all(name.values()) for name in given)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("specialties.json", '"children": "paediatrics"', '"children": "nobody"', "specialties lacks nobody"),
        ("specialties.json", '"triage": 1', '"triage": 5', "triage"),
        ("specialties.json", '"drg": "297"', '"drg": "999x"', "no weight of 999x"),
        ("specialties.json", '"virtual": "internet', '"astral": "internet', "visit_kinds names astral"),
        ("specialties.json", '"codes": ["410429000"], "reasons": ["410429000"]', '"codes": []', "for nobody"),
        ("specialties.json", '"inpatient": 3', '"emergency": 3', "default_expected_days needs inpatient"),
        ("clinics.json", '"closes": "24:00"', '"closes": "25:00"', "closes"),
        ("clinics.json", '"opens": "00:00"', '"opens": "24:00"', "closes must come after opens"),
        ("clinics.json", '"week": "round-the-clock"', '"week": "never"', "weeks lacks never"),
        ("clinics.json", '"campus": "north"', '"campus": "moon"', "no ward on moon"),
        ("clinics.json", "main-general-practice-1", "main-general-practice-2", "stands twice"),
    ],
)
def test_files_that_do_not_agree_do_not_load(file, old, new, said):
    texts = {name: (HERE / name).read_text(encoding="utf-8") for name in FILES}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new, 1)
    wards, weights = ((HERE / name).read_text().splitlines() for name in ("wards.csv", "drg_weights.csv"))
    with pytest.raises(ValueError, match=said):
        build(*(text.encode() for text in texts.values()), wards, weights)
