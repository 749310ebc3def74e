"""What a router says of its refusals."""

from enum import StrEnum

import httpx
import pytest
from fastapi import FastAPI, Response

from shared.http import REFUSALS, refusals
from shared.problem import problem
from tests.support.documented import codes_of, documented_in


class Reason(StrEnum):
    """Of a capability."""

    FULL = "full"
    LATE = "late"
    NOT_YOURS = "not-yours"


def codes(responses, status):
    return codes_of({"responses": {str(one): told for one, told in responses.items()}}, status)


def test_a_whole_capability_and_single_codes_are_listed_with_the_lost_race():
    assert codes(refusals(Reason, "away"), "409") == {"full", "late", "not-yours", "away", "stale"}
    assert codes(refusals(), "409") == {"stale"}


def test_what_is_denied_comes_with_403_and_only_there():
    told = refusals(Reason, denied=[Reason.NOT_YOURS])
    assert codes(told, "409") == {"full", "late", "stale"}
    assert codes(told, "403") == {"not-yours", "role-missing"}


def test_who_reads_is_refused_by_no_rule():
    assert 409 not in REFUSALS


def asked(answer):
    """An application that documents `full` alone, and a client of tests that asks it."""
    app = FastAPI(title=f"of {answer.body!r}")

    @app.post("/beds/{bed_id:path}/closing", responses=refusals(Reason.FULL))
    def close(bed_id: str) -> Response:
        assert bed_id == "main/w1/1"
        return answer

    hooks = {"response": [documented_in(app)]}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", event_hooks=hooks)


async def test_a_code_that_is_documented_passes():
    async with asked(problem(409, "full", "Refused", remedy="ask again")) as client:
        assert (await client.post("/beds/main/w1/1/closing")).json()["code"] == "full"


@pytest.mark.parametrize(("status", "code"), [(409, "late"), (403, "not-yours")])
async def test_a_test_that_is_given_an_undocumented_code_fails(status, code):
    async with asked(problem(status, code, "Refused", remedy="ask again")) as client:
        with pytest.raises(AssertionError, match=f"lacks {code}"):
            await client.post("/beds/main/w1/1/closing")
