"""The sample hospital's values and the rule that says where an encounter comes to.

Invariant: the answer follows from the encounter, the patient and the files alone, and there is one for every code:
known codes first, then words of the recording's own text, then the default of the encounter's class.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from services.simulator.reading.model import Encounter, Patient, Stay
from services.simulator.reading.timing import hospital_day, years_between

EMERGENCY: Final = "emergency"
DAY: Final = "day"
ORDINARY: Final = "ordinary"
GENERAL_PRACTICE: Final = "general-practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialty:
    """A department. `overflow` names the two whose wards take its patients too, best first; `children` who takes them.

    `subject_code` is the 诊疗科目 code; `cmi` the department's case-mix index, invented.
    """

    subject_code: str
    overflow: tuple[str, ...]
    children: str
    day_surgery: bool
    cmi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom a rule is for, and what it says. What it leaves open (None) the defaults of the encounter's class say.

    It fits when its codes or reasons hold the encounter's, or its words are found in the encounter's text, and its
    classes and sex fit where they are given.
    """

    specialty: str
    codes: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    classes: frozenset[str] = frozenset()
    sex: str | None = None
    triage: int | None = None
    admission_class: str | None = None
    expected_days: int | None = None
    drg: str | None = None
    isolation: str = "none"
    needs: tuple[str, ...] = ()
    immediate: bool = False
    level4: bool = False

    def fits(self, encounter: Encounter, sex: str) -> bool:
        """Whether the rule is for this encounter of a patient of that sex."""
        if self.sex not in (None, sex) or (self.classes and encounter.encounter_class not in self.classes):
            return False
        if encounter.code in self.codes or encounter.reason_code in self.reasons:
            return True
        return self.words is not None and self.words.search(f"{encounter.description} {encounter.reason}") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the admission request (入院证) of a stay says. `rw` is the weight of `drg`; both are a guess or None.

    `triage` 1-4 for emergencies only; `admission_class` A, B, C, day or emergency; `source` clinic, emergency or
    day-surgery.
    """

    source: str
    specialty: str
    campus: str
    reachable_campuses: tuple[str, ...]
    triage: int | None
    admission_class: str
    immediate: bool
    diagnosis_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    needs: tuple[str, ...]
    isolation: str
    expected_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """When a clinic is open on a weekday (1 = Monday), in UTC: from `opens` to `closes`, counted from midnight."""

    weekday: int
    opens: timedelta
    closes: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A clinic with its weekly template: slots of `slot_minutes`, each with `capacity_per_slot` places."""

    clinic_id: str
    campus: str
    specialty: str
    kind: str
    slot_minutes: int
    capacity_per_slot: int
    week: tuple[OpeningHours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """The sample hospital as its files say it. `home_campuses`: where a specialty has wards of its own."""

    version: str
    drg_version: str
    specialties: Mapping[str, Specialty]
    campuses: tuple[str, ...]
    home_campuses: Mapping[str, tuple[str, ...]]
    clinics: tuple[Clinic, ...]
    admission_rules: Sequence[Rule]
    visit_rules: Sequence[Rule]
    word_rules: Sequence[Rule]
    rw: Mapping[str, float]
    child_below_years: int
    newborn_below_days: int
    newborn_instead_of: str
    newborn_specialty: str
    default_specialty: Mapping[str, str]
    default_triage: int
    default_elective_class: str
    default_expected_days: Mapping[str, int]
    visit_children: str
    visit_kinds: Mapping[str, str]

    def admission(self, patient: Patient, stay: Stay) -> Admission:
        """The admission request of a stay, from what is known when it begins: its first encounter."""
        first = stay.encounters[0]
        default = Rule(specialty=self.default_specialty[first.encounter_class])
        rule = self._first_that_fits((*self.admission_rules, *self.word_rules), first, patient.sex) or default
        emergency = first.encounter_class == EMERGENCY
        admission_class = EMERGENCY if emergency else rule.admission_class or self.default_elective_class
        specialty = self._for_age(rule.specialty, patient, first)
        campus = self.campus_of(patient, specialty)
        return Admission(
            source=EMERGENCY if emergency else {DAY: "day-surgery"}.get(admission_class, "clinic"),
            specialty=specialty,
            campus=campus,
            reachable_campuses=tuple(other for other in self.campuses if other != campus),
            triage=(rule.triage or self.default_triage) if emergency else None,
            admission_class=admission_class,
            immediate=emergency and rule.immediate,
            diagnosis_code=first.reason_code or None,
            drg=rule.drg,
            drg_version=self.drg_version if rule.drg else None,
            rw=self.rw[rule.drg] if rule.drg else None,
            level4=rule.level4,
            department_cmi=self.specialties[specialty].cmi,
            needs=rule.needs,
            isolation=rule.isolation,
            expected_days=rule.expected_days or self.default_expected_days[first.encounter_class],
        )

    def clinics_for(self, patient: Patient, visit: Encounter) -> tuple[Clinic, ...]:
        """Every clinic, the ones that suit the visit best first: whoever finds one full or taken goes to the next.

        First those of its kind (a virtual visit goes to the internet hospital, one at home to the mobile clinic), and
        of them those of its specialty, then general practice, then the others in the order of the file.
        """
        default = Rule(specialty=GENERAL_PRACTICE)
        rule = self._first_that_fits((*self.visit_rules, *self.word_rules), visit, patient.sex) or default
        specialty = self.visit_children if self.is_child(patient, visit) else rule.specialty
        kind = self.visit_kinds.get(visit.encounter_class, ORDINARY)
        return tuple(sorted(self.clinics, key=partial(distance, kind, specialty)))

    def campus_of(self, patient: Patient, specialty: str) -> str:
        """The patient's campus for that specialty: spread evenly by id over those that have a ward of it."""
        campuses = self.home_campuses[specialty]
        return campuses[patient.patient_id.int % len(campuses)]

    def is_child(self, patient: Patient, encounter: Encounter) -> bool:
        """Whether the patient is below the age of adult wards when the encounter starts."""
        return years_between(patient.born_on, hospital_day(encounter.started_at)) < self.child_below_years

    def _for_age(self, specialty: str, patient: Patient, encounter: Encounter) -> str:
        if not self.is_child(patient, encounter):
            return specialty
        children = self.specialties[specialty].children
        age_days = (hospital_day(encounter.started_at) - patient.born_on).days
        if children == self.newborn_instead_of and age_days < self.newborn_below_days:
            return self.newborn_specialty
        return children

    def _first_that_fits(self, rules: Sequence[Rule], encounter: Encounter, sex: str) -> Rule | None:
        return next((rule for rule in rules if rule.fits(encounter, sex)), None)


def distance(kind: str, specialty: str, clinic: Clinic) -> tuple[int, int]:
    """How far a clinic is from the wanted kind and specialty; the nearest is (0, 0)."""
    far = 2
    return (
        {ORDINARY: 1, kind: 0}.get(clinic.kind, far),
        {GENERAL_PRACTICE: 1, specialty: 0}.get(clinic.specialty, far),
    )
