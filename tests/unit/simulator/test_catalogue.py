"""The demo's catalogue answers for every patient and every code, and its files cannot be half right."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.simulator import catalogue
from services.simulator.catalogue.codes import Kind, kind_of
from services.simulator.catalogue.files import build, load
from services.simulator.catalogue.model import Terms
from tests.unit.simulator.exports import read_stay

FILES = Path(catalogue.__file__).parent
RULES = (FILES / "rules.json").read_bytes()
CHARGES = (FILES / "charges.csv").read_text(encoding="utf-8").splitlines()


def cover_of(born_on, payer, sex="F"):
    """How somebody is insured whose stay in June 2020 this insurer paid."""
    patient, stay = read_stay(born_on=born_on, sex=sex)
    return load().cover(patient, replace(stay.encounters[0], payer=payer))


def test_the_shipped_stays_use_all_three_classes_and_both_packs(recording):
    covers = load().covers(recording)
    charges = [charge for stay in recording.stays for charge in stay.charges]
    assert Counter(load().item(charge.code).terms.line_class for charge in charges) == {"01": 42, "02": 14, "03": 4}
    assert Counter(covers[stay.patient_id].pack for stay in recording.stays) == {
        "resident-tertiary": 20,
        "beijing-employee": 7,
    }


def test_every_code_of_the_shipped_stays_is_listed_with_its_kind(recording):
    for stay in recording.stays:
        for charge in stay.charges:
            item = load().item(charge.code)
            assert item.listed
            assert item.kind is kind_of(charge.code)


def test_every_patient_has_a_cover(recording):
    assert load().covers(recording).keys() == {patient.patient_id for patient in recording.patients}


@pytest.mark.parametrize(
    ("payer", "born_on", "pack", "low_income", "balance_fen"),
    [
        ("Aetna", "2004-06-02", "resident-tertiary", False, 0),
        ("Aetna", "2004-06-01", "beijing-employee", False, 50_000),
        ("Medicare", "1950-01-01", "beijing-employee", False, 590_000),
        ("Medicaid", "1980-01-01", "resident-tertiary", True, 0),
        ("Dual Eligible", "2019-01-01", "resident-tertiary", True, 0),
        ("NO_INSURANCE", "1980-01-01", "resident-tertiary", False, 0),
        ("An insurer nobody knows", "1980-01-01", "resident-tertiary", False, 0),
        ("", "1980-01-01", "resident-tertiary", False, 0),
    ],
)
def test_a_patient_is_insured_by_payer_and_age(payer, born_on, pack, low_income, balance_fen):
    cover = cover_of(born_on, payer)
    assert (cover.pack, cover.low_income, cover.account_balance_fen) == (pack, low_income, balance_fen)


def test_a_patient_without_encounters_is_a_resident():
    patient, _ = read_stay()
    cover = load().cover(patient, None)
    assert (cover.pack, cover.insutype) == ("resident-tertiary", "390")


@pytest.mark.parametrize(("sex", "retires_on"), [("F", date(2015, 3, 1)), ("M", date(2020, 2, 29))])
def test_an_employee_retires_on_a_birthday(sex, retires_on):
    cover = cover_of("1960-02-29", "Humana", sex)
    assert cover.retires_on == retires_on
    assert cover.is_retired(retires_on)
    assert not cover.is_retired(date(retires_on.year, 2, 28))


@pytest.mark.parametrize(
    ("code", "kind", "terms"),
    [
        ("703423002", Kind.SERVICE, ("02", None, "0.10")),
        ("71493000", Kind.SERVICE, ("01", None, "0")),
        ("10939881000119104", Kind.SERVICE, ("01", None, "0")),
        ("1736854", Kind.MEDICINE, ("02", None, "0.10")),
        ("140", Kind.VACCINE, ("03", None, "0")),
        ("", Kind.UNKNOWN, ("03", None, "0")),
        ("D0120", Kind.UNKNOWN, ("03", None, "0")),
        ("\u0661\u0662\u0663", Kind.UNKNOWN, ("03", None, "0")),
    ],
)
def test_a_code_has_the_terms_of_its_row_or_of_its_kind(code, kind, terms):
    item = load().item(code)
    line_class, limit, ratio = terms
    assert item.kind is kind
    assert item.terms == Terms(line_class=line_class, price_limit_fen=limit, preself_ratio=ratio)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,service,04,,,A,B", "class"),
        ("1,service,02,,1.2,A,B", "preself_ratio"),
        ("1,service,02,,,A,B", "preself_ratio for class 02"),
        ("1,service,01,,0.1,A,B", "preself_ratio for class 02"),
        ("1,service,01,-5,,A,B", "price_limit_fen"),
        ("1,herb,01,,,A,B", "kind"),
        ("1,service,01,,,,B", "name_en"),
        ("22298006,service,01,,,A,B", "22298006 stand twice"),
    ],
)
def test_a_wrong_row_does_not_load(row, said):
    with pytest.raises(ValidationError, match=said):
        build(RULES, [*CHARGES, row])


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"other_payer": "nobody"}, "schemes lacks nobody"),
        ({"below_working_age": "employee"}, "scheme with an account"),
        ({"default_terms": {}}, "default_terms lacks medicine, service, unknown, vaccine"),
        ({"retirement_age": {"F": 55}}, "both F and M"),
        ({"more": 1}, "Extra inputs"),
    ],
)
def test_wrong_rules_do_not_load(differs, said):
    with pytest.raises(ValidationError, match=said):
        build(json.dumps({**json.loads(RULES), **differs}).encode(), CHARGES)
