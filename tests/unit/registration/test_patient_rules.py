"""The rules of the register and of admission requests, as sentences."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.registration.patients.model import (
    Insutype,
    Reason,
    RegisterPatient,
    Sex,
    age_years,
    record_death,
    register,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def person(born_on: date = date(1950, 5, 17)) -> RegisterPatient:
    return RegisterPatient(
        patient_id=uuid4(),
        name="Li Invented",
        phone="+86 139 5550 4711",
        sex=Sex.FEMALE,
        born_on=born_on,
        insutype=Insutype.EMPLOYEE,
        retired=True,
    )


def test_a_registered_patient_is_told_with_a_month_of_birth_and_nothing_that_names_them():
    _, event = register(person(), NOW)
    assert event.birth_month == date(1950, 5, 1)
    told = {str(getattr(event, field.name)) for field in fields(event)}
    assert not told & {"Li Invented", "+86 139 5550 4711", "1950-05-17"}


def test_nobody_is_born_after_today():
    assert register(person(born_on=NOW.date() + timedelta(days=1)), NOW).reason is Reason.BORN_IN_THE_FUTURE
    assert register(person(born_on=NOW.date()), NOW)[0].version == 1


def test_a_death_lies_between_birth_and_now_and_is_recorded_once():
    patient, _ = register(person(), NOW)
    born_at = datetime(1950, 5, 17, tzinfo=UTC)
    assert record_death(patient, born_at - timedelta(seconds=1), NOW).reason is Reason.DECEASED_BEFORE_BIRTH
    assert record_death(patient, NOW + timedelta(seconds=1), NOW).reason is Reason.DECEASED_IN_THE_FUTURE
    deceased, event = record_death(patient, NOW, NOW)
    assert (deceased.deceased_at, event.deceased_on, event.aggregate_version) == (NOW, NOW.date(), 2)
    assert record_death(deceased, NOW, NOW).reason is Reason.ALREADY_DECEASED


@pytest.mark.parametrize(
    ("born_on", "on", "years"),
    [
        (date(1950, 5, 17), date(2026, 5, 16), 75),
        (date(1950, 5, 17), date(2026, 5, 17), 76),
        (date(2024, 2, 29), date(2025, 2, 28), 0),
        (date(2024, 2, 29), date(2025, 3, 1), 1),
        (date(2026, 3, 2), date(2026, 3, 2), 0),
    ],
)
def test_age_is_counted_in_whole_years(born_on, on, years):
    assert age_years(born_on, on) == years
