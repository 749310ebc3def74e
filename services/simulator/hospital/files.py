"""Loading the sample hospital from the files beside this one.

Invariant: a hospital that loads is whole: every specialty that a rule can answer has a ward, every DRG a weight, and
every clinic a campus that has wards. Anything else raises `ValueError` (`pydantic.ValidationError` is one).
"""

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from services.simulator.hospital.model import Hospital
from services.simulator.hospital.shapes import ClinicsShape, SpecialtiesShape

HERE: Final = Path(__file__).parent
BEDS_FILE: Final = HERE / "beds.csv"
NAMES_FILE: Final = HERE / "names.json"
WARDS_FILE: Final = HERE / "wards.csv"


@cache
def load() -> Hospital:
    """The sample hospital that is shipped."""
    with WARDS_FILE.open(encoding="utf-8", newline="") as wards, (HERE / "drg_weights.csv").open() as weights:
        return build((HERE / "specialties.json").read_bytes(), (HERE / "clinics.json").read_bytes(), wards, weights)


def build(
    specialties_json: bytes, clinics_json: bytes, wards_csv: Iterable[str], weights_csv: Iterable[str]
) -> Hospital:
    """A hospital from the text of its files."""
    rules = SpecialtiesShape.model_validate_json(specialties_json)
    clinics = ClinicsShape.model_validate_json(clinics_json).as_clinics()
    wards = list(csv.DictReader(wards_csv))
    rw = {row["ms_drg"]: float(row["relative_weight"]) for row in csv.DictReader(weights_csv)}
    campuses = tuple(dict.fromkeys(ward["campus"] for ward in wards))
    homes = {
        code: tuple(dict.fromkeys(ward["campus"] for ward in wards if ward["specialty"] == code))
        for code in rules.specialties
    }
    hospital = Hospital(
        version=rules.version,
        drg_version=rules.drg_version,
        specialties={code: shape.specialty() for code, shape in rules.specialties.items()},
        campuses=campuses,
        home_campuses=homes,
        clinics=clinics,
        admission_rules=tuple(shape.rule() for shape in rules.admissions),
        visit_rules=tuple(shape.rule() for shape in rules.visits),
        word_rules=tuple(shape.rule() for shape in rules.words),
        rw=rw,
        child_below_years=rules.child_below_years,
        newborn_below_days=rules.newborn_below_days,
        newborn_instead_of=rules.newborn.instead_of,
        newborn_specialty=rules.newborn.specialty,
        default_specialty={str(its_class): code for its_class, code in rules.default_specialty.items()},
        default_triage=rules.default_triage,
        default_elective_class=rules.default_elective_class,
        default_expected_days={str(its_class): days for its_class, days in rules.default_expected_days.items()},
        visit_children=rules.visit_children,
        visit_kinds={its_class: str(kind) for its_class, kind in rules.visit_kinds.items()},
    )
    require_whole(hospital)
    return hospital


def require_whole(hospital: Hospital) -> None:
    """Raise `ValueError` that names what the files promise and do not hold."""
    drgs = {rule.drg for rule in hospital.admission_rules if rule.drg}
    for what, missing in {
        "wards.csv has no ward of": {code for code, campuses in hospital.home_campuses.items() if not campuses},
        "drg_weights.csv has no weight of": drgs - hospital.rw.keys(),
        "wards.csv has no ward on": {clinic.campus for clinic in hospital.clinics} - set(hospital.campuses),
    }.items():
        if missing:
            raise ValueError(f"{what} {', '.join(sorted(missing))}: add it, or take it out of the other files")
