"""Links to materials, and what a clinician is denied, as sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.registration.materials.links import GOOD_FOR, Link
from services.registration.materials.reading import Clinician, Purpose, Reason
from shared.ids import new_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = b"a secret of the database"
LINK = Link.sign(SECRET, new_id(), "D-1042", Purpose.TREATMENT, NOON)


def test_a_link_opens_from_when_it_is_made_until_it_ends():
    assert LINK.opens(SECRET, NOON)
    assert LINK.opens(SECRET, NOON + GOOD_FOR - timedelta(seconds=1))
    assert not LINK.opens(SECRET, NOON + GOOD_FOR)


@pytest.mark.parametrize(
    "changed",
    [
        {"material_id": new_id()},
        {"subject": "D-7"},
        {"purpose": Purpose.BREAK_GLASS},
        {"ends": LINK.ends + 1},
        {"signature": "0" * 64},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_link_of_which_anything_is_changed_opens_nothing(changed):
    assert not replace(LINK, **changed).opens(SECRET, NOON)
    assert not LINK.opens(b"another secret", NOON)


def test_a_clinician_decides_in_their_own_clinics_and_whose_token_says_none_in_none():
    clinician = Clinician(subject="D-1042", practitioner="D-1042", clinics=frozenset({"cardiology", "echo"}))
    assert clinician.denied_in("echo") is None
    assert clinician.denied_in("dermatology").reason is Reason.OTHER_CLINIC
    assert replace(clinician, clinics=frozenset()).denied_in("echo").reason is Reason.OTHER_CLINIC
    unsaid = replace(clinician, clinics=None).denied_in("echo")
    assert unsaid.reason is Reason.CLINICS_CLAIM_MISSING
    assert "`clinics`" in unsaid.remedy
