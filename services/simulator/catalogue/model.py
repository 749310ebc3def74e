"""The catalogue's rules: the terms of a charge, the cover of a patient.

Invariant: both follow from the recording alone, so that two runs over one export give the same amounts, and every code
and every insurer has an answer, known or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.simulator.catalogue.codes import Kind, kind_of
from services.simulator.reading.model import Encounter, Patient, Recording
from services.simulator.reading.timing import hospital_day, years_between

PARTLY_COVERED: Final = "02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a charge is covered: class 01 甲, 02 乙 or 03 丙; the price limit in fen; the 先行自付 ratio as decimal text.

    The ratio is "0" for the classes in which it does not count.
    """

    line_class: str
    price_limit_fen: int | None
    preself_ratio: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A charge's entry in the catalogue. One that is not listed has the terms of its kind and its code for a name."""

    code: str
    kind: Kind
    terms: Terms
    name_en: str
    name_zh: str
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A way to be insured. `insutype` is the national code (310 employee, 390 resident); an account is 个人账户."""

    insutype: str
    pack: str
    low_income: bool
    has_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How one patient is insured for the whole recording. `retires_on` is None for those who have no employment."""

    insutype: str
    pack: str
    low_income: bool
    retires_on: date | None
    account_balance_fen: int

    def is_retired(self, on: date) -> bool:
        """Whether the patient is retired on that day, which is the settlement's."""
        return self.retires_on is not None and on >= self.retires_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The demo's catalogue as its files say it."""

    version: str
    items: Mapping[str, Item]
    default_terms: Mapping[Kind, Terms]
    schemes: Mapping[str, Scheme]
    payers: Mapping[str, str]
    other_payer: str
    below_working_age: str
    working_age: int
    retirement_age: Mapping[str, int]
    account_at_working_age_fen: int
    account_each_year_more_fen: int

    def item(self, code: str) -> Item:
        """What the catalogue says about a charge's code."""
        if listed := self.items.get(code):
            return listed
        kind = kind_of(code)
        terms = self.default_terms[kind]
        return Item(code=code, kind=kind, terms=terms, name_en=code, name_zh=code, listed=False)

    def cover(self, patient: Patient, first: Encounter | None) -> Cover:
        """How the patient is insured, by the insurer and the age of the encounter that decides it.

        Without one the patient is of `other_payer`. Below working age nobody is an employee, whoever pays.
        """
        scheme_name = self.other_payer if first is None else self.payers.get(first.payer, self.other_payer)
        scheme = self.schemes[scheme_name]
        age = 0 if first is None else years_between(patient.born_on, hospital_day(first.started_at))
        if scheme.has_account and age < self.working_age:
            scheme = self.schemes[self.below_working_age]
        employed = scheme.has_account
        return Cover(
            insutype=scheme.insutype,
            pack=scheme.pack,
            low_income=scheme.low_income,
            retires_on=birthday(patient.born_on, self.retirement_age[patient.sex]) if employed else None,
            account_balance_fen=self.account_opening_fen(age) if employed else 0,
        )

    def account_opening_fen(self, age: int) -> int:
        """What the personal account of an employee of that age holds when the recording begins."""
        return self.account_at_working_age_fen + (age - self.working_age) * self.account_each_year_more_fen

    def covers(self, recording: Recording) -> dict[UUID, Cover]:
        """How each patient is insured: their first stay decides, without one their first visit."""
        deciding: dict[UUID, Encounter] = {}
        for encounter in (*(stay.encounters[0] for stay in recording.stays), *recording.visits):
            deciding.setdefault(encounter.patient_id, encounter)
        return {
            patient.patient_id: self.cover(patient, deciding.get(patient.patient_id)) for patient in recording.patients
        }


def birthday(born_on: date, age: int) -> date:
    """The day on which somebody turns `age`; a 29 February is kept on 1 March in other years."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return date(born_on.year + age, 3, 1)
