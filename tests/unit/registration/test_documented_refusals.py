"""What an app's developer reads in the API document about being refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.registration.app import SERVICE
from shared.hosting import application
from shared.problem import PROBLEM
from tests.support.documented import codes_of

DOCUMENT = application(SERVICE).openapi()


def references(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        yield from ([told["$ref"]] if "$ref" in told else [])
        told = list(told.values())
    if isinstance(told, list):
        for one in told:
            yield from references(one)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/appointments", "slot-full"),
        ("/appointments", "patient-deceased"),
        ("/appointments", "stale"),
        ("/appointments/{appointment_id}/arrival", "too-early"),
        ("/clinics/{clinic_id}/sessions", "hours-overlap"),
        ("/sessions/{session_id}/calls", "desk-busy"),
        ("/sessions/{session_id}/cut", "nothing-to-cut"),
        ("/sessions/{session_id}/cut", "session-closed"),
        ("/applications", "application-open"),
        ("/patients/{patient_id}/consents", "own-proxy"),
    ],
)
def test_the_document_names_the_codes_with_which_a_route_refuses(path, code):
    codes = codes_of(DOCUMENT["paths"][path]["post"], "409")
    assert code in codes
    assert ("desk-busy" in codes) == path.endswith("/calls")


def test_every_shape_that_the_document_names_is_in_it_problems_too():
    shapes = DOCUMENT["components"]["schemas"]
    assert shapes["Problem"] == PROBLEM
    assert {one.rpartition("/")[2] for one in references(DOCUMENT)} <= set(shapes)
