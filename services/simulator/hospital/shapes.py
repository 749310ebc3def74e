"""The shapes of the sample hospital's files.

Invariant: a file that fits its shape has no unknown key, no value out of range and names nothing that is not there.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.simulator.hospital.model import GENERAL_PRACTICE, Clinic, OpeningHours, Rule, Specialty
from services.simulator.reading.model import STAY_CLASSES, VISIT_CLASSES
from services.simulator.strict import Strict

Text = Annotated[str, Field(min_length=1)]
Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
StayClass = Literal["emergency", "inpatient"]
ElectiveClass = Literal["A", "B", "C", "day"]
Triage = Annotated[int, Field(ge=1, le=4)]
Days = Annotated[int, Field(ge=1)]


class SpecialtyShape(Strict):
    """A department."""

    subject_code: Text
    overflow: Annotated[list[Text], Field(min_length=2, max_length=2)]
    children: Text
    day_surgery: bool
    cmi: Annotated[float, Field(gt=0)]

    def specialty(self) -> Specialty:
        """As the rules see it."""
        return Specialty(
            subject_code=self.subject_code,
            overflow=tuple(self.overflow),
            children=self.children,
            day_surgery=self.day_surgery,
            cmi=self.cmi,
        )


class RuleShape(Strict):
    """A rule; `what` says to the reader whom it is for."""

    what: str = ""
    specialty: Text
    codes: frozenset[Text] = frozenset()
    reasons: frozenset[Text] = frozenset()
    words: tuple[Text, ...] = ()
    classes: frozenset[StayClass] = frozenset()
    sex: Literal["F", "M"] | None = None
    triage: Triage | None = None
    admission_class: ElectiveClass | None = None
    expected_days: Days | None = None
    drg: Text | None = None
    isolation: Literal["none", "contact", "droplet", "airborne"] = "none"
    needs: tuple[Text, ...] = ()
    immediate: bool = False
    level4: bool = False

    @model_validator(mode="after")
    def fits_somebody(self) -> Self:
        """A rule says whom it is for."""
        if not (self.codes or self.reasons or self.words):
            raise ValueError("give codes, reasons or words, or the rule is for nobody")
        return self

    def rule(self) -> Rule:
        """As the rules see it: the words as one pattern, found where a word of the text begins."""
        fields = self.model_dump(exclude={"what", "words"})
        return Rule(**fields, words=beginnings(self.words))


class NewbornShape(Strict):
    """Which specialty takes the newborn in place of which."""

    instead_of: Text
    specialty: Text


class SpecialtiesShape(Strict):
    """specialties.json."""

    version: Text
    note: Text
    drg_version: Text
    specialties: dict[str, SpecialtyShape]
    child_below_years: Days
    newborn_below_days: Days
    newborn: NewbornShape
    admissions: list[RuleShape]
    words: list[RuleShape]
    visits: list[RuleShape]
    default_specialty: dict[StayClass, Text]
    default_triage: Triage
    default_elective_class: ElectiveClass
    default_expected_days: dict[StayClass, Days]
    visit_default: Literal["general-practice"]
    visit_children: Text
    visit_kinds: dict[str, Literal["internet-hospital", "mobile"]]

    @model_validator(mode="after")
    def what_is_named_exists(self) -> Self:
        """Every specialty and class that is named is there."""
        named = {
            *(code for shape in self.specialties.values() for code in (*shape.overflow, shape.children)),
            *(rule.specialty for rule in (*self.admissions, *self.words)),
            *self.default_specialty.values(),
            *(self.newborn.instead_of, self.newborn.specialty, self.visit_children),
        }
        named |= {rule.specialty for rule in self.visits} - {GENERAL_PRACTICE}
        if missing := sorted(named - self.specialties.keys()):
            raise ValueError(f"specialties lacks {', '.join(missing)}: add it or name another")
        if unknown := sorted(self.visit_kinds.keys() - set(VISIT_CLASSES)):
            raise ValueError(f"visit_kinds names {', '.join(unknown)}, no class of visits: take it out")
        for name, given in (
            ("default_specialty", self.default_specialty),
            ("default_expected_days", self.default_expected_days),
        ):
            if given.keys() != set(STAY_CLASSES):
                raise ValueError(f"{name} needs {' and '.join(STAY_CLASSES)}")
        return self


class OpeningHoursShape(Strict):
    """A stretch of a weekday."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    opens: Hours
    closes: Hours

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> Self:
        """The two are in order."""
        if self.closes <= self.opens:
            raise ValueError("closes must come after opens: give hours of one day, 24:00 at the latest")
        return self

    def hours(self) -> OpeningHours:
        """As the rules see it."""
        return OpeningHours(weekday=self.weekday, opens=since_midnight(self.opens), closes=since_midnight(self.closes))


class ClinicShape(Strict):
    """A clinic; `week` names its template."""

    clinic_id: Text
    campus: Text
    specialty: Text
    kind: Literal["ordinary", "internet-hospital", "mobile"]
    slot_minutes: Annotated[int, Field(ge=5, le=240)]
    capacity_per_slot: Annotated[int, Field(ge=1)]
    week: Text


class ClinicsShape(Strict):
    """clinics.json."""

    version: Text
    zone: Literal["UTC"]
    weeks: dict[str, Annotated[list[OpeningHoursShape], Field(min_length=1)]]
    clinics: Annotated[list[ClinicShape], Field(min_length=1)]

    @model_validator(mode="after")
    def what_is_named_exists(self) -> Self:
        """Every week that is named is there, and no clinic stands twice."""
        if missing := sorted({clinic.week for clinic in self.clinics} - self.weeks.keys()):
            raise ValueError(f"weeks lacks {', '.join(missing)}: add it or name another")
        if len({clinic.clinic_id for clinic in self.clinics}) != len(self.clinics):
            raise ValueError("a clinic_id stands twice: give each clinic its own")
        return self

    def as_clinics(self) -> tuple[Clinic, ...]:
        """The clinics, each with its week."""
        weeks = {name: tuple(shape.hours() for shape in week) for name, week in self.weeks.items()}
        return tuple(Clinic(**shape.model_dump(exclude={"week"}), week=weeks[shape.week]) for shape in self.clinics)


def beginnings(words: Sequence[str]) -> re.Pattern[str] | None:
    """What finds any of the words at the beginning of one; None for no words."""
    if not words:
        return None
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)


def since_midnight(hours: str) -> timedelta:
    """`13:30` as time since midnight."""
    hour, minute = hours.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))
