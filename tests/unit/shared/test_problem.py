"""How the HTTP side says no, as sentences."""

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field, field_validator, model_validator

from shared.auth import Forbidden, Unauthenticated
from shared.problem import install, problem
from shared.wrong_fields import path_of

CANARY = "欧阳静怡"


class ChargeClass(StrEnum):
    """A code list."""

    DRUG = "drug"
    BED = "bed"


class Line(BaseModel, extra="forbid"):
    """One charge."""

    charge_class: ChargeClass = Field(alias="class")
    amount_fen: int = Field(ge=0)
    on: date | None = None


class Cash(BaseModel):
    """Paid at the desk."""

    kind: Literal["cash"]


class Card(BaseModel):
    """Paid by card."""

    kind: Literal["card"]


class Bill(BaseModel):
    """Everything a request can get wrong."""

    patient_id: UUID
    at: AwareDatetime
    lines: list[Line] = Field(min_length=1, max_length=100)
    note: str = Field(default="", max_length=5, pattern="^[a-z]*$")
    paid: Annotated[Cash | Card, Field(discriminator="kind")] = Cash(kind="cash")
    owners: dict[str, int] = {}
    closed_by: Literal[ChargeClass.DRUG, ChargeClass.BED] | None = None

    @field_validator("note")
    @classmethod
    def _echo(cls, note: str) -> str:
        if note == "echo":
            raise ValueError(f"{note} is not allowed: write something else")
        if note == "ours":
            raise ValueError("is reserved: write something else")
        return note

    @model_validator(mode="after")
    def _whole(self) -> "Bill":
        if len(self.lines) == 2:
            raise ValueError("two lines are not allowed: send one or three")
        return self


GOOD = {
    "patient_id": "0190b5a0-7c3e-7000-8000-000000000001",
    "at": "2026-03-02T04:00:00Z",
    "lines": [{"class": "drug", "amount_fen": 1}],
}


@pytest.fixture
def app():
    """An application with one route for each way to fail."""
    app = FastAPI()
    install(app)

    @app.post("/bills")
    async def bill(
        body: Bill, limit: Annotated[int, Query(le=10)] = 1, x_shift: Annotated[int | None, Header()] = None
    ) -> str:
        return f"{body.at}{limit}{x_shift}"

    @app.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise {
            "unauthenticated": Unauthenticated("token-expired"),
            "forbidden": Forbidden("role-missing", "ask for one of the roles viewer"),
            "teapot": HTTPException(418, "the pot is short and stout"),
            "busy": HTTPException(503, headers={"Retry-After": "2"}),
            "fault": RuntimeError(CANARY),
        }[how]

    return app


async def ask(app, method, path, **request):
    """An answer that must be a problem document; its canary-free text as JSON, and its headers."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.request(method, path, **request)
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.content.decode()
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:problem-type:carejourney:{body['code']}"
    assert body["remedy"]
    return body, answer.headers


async def wrong(app, change, path="/bills"):
    """What the answer says of the one wrong field."""
    body, _ = await ask(app, "POST", path, json=GOOD | change)
    assert (body["status"], body["code"]) == (422, "invalid-input")
    [field] = body["fields"]
    return field["field"], field["in"], field["reason"], field["remedy"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"patient_id": CANARY}, "patient_id is no UUID; send one such as 0190b5a0-7c3e-7000-8000-000000000001"),
        (
            {"lines": [*GOOD["lines"], {"class": CANARY, "amount_fen": 1}]},
            "lines[1].class is none of the known values; send one of 'drug' or 'bed'",
        ),
        ({"closed_by": CANARY}, "closed_by is none of the known values; send one of 'drug' or 'bed'"),
        ({"lines": [{"class": "bed", "amount_fen": -1}]}, "lines[0].amount_fen is too small; send 0 or more"),
        ({"lines": [{"class": "bed", "amount_fen": 1.5}]}, "lines[0].amount_fen has a fraction; send a whole number"),
        ({"lines": [{"class": "bed"}]}, "lines[0].amount_fen is missing; add it"),
        (
            {"lines": [GOOD["lines"][0] | {CANARY: 1}]},
            "lines[0].? is no known field; leave it out; the API document names the fields",
        ),
        ({"lines": [GOOD["lines"][0] | {"on": CANARY}]}, "lines[0].on is no day; send one such as 2026-03-02"),
        ({"lines": []}, "lines has too few entries; send 1 or more"),
        ({"lines": CANARY}, "lines is no list; send a JSON array"),
        ({"lines": [7]}, "lines[0] is no object; send a JSON object"),
        ({"lines": GOOD["lines"] * 2}, "body two lines are not allowed; send one or three"),
        (
            {"at": "2026-03-02T04:00:00"},
            "at has no time zone; send an instant with its time zone, such as 2026-03-02T04:00:00Z",
        ),
        ({"note": "abcdef"}, "note is too long; send 5 characters or fewer"),
        ({"note": CANARY}, "note has the wrong form; send text that matches ^[a-z]*$"),
        ({"note": "echo"}, "note does not fit; send a value that fits the API document"),
        ({"note": "ours"}, "note is reserved; write something else"),
        ({"paid": {"kind": CANARY}}, "paid is of no known kind; set 'kind' to one of 'cash', 'card'"),
        ({"owners": {CANARY: "x"}}, "owners.? is no whole number; send one such as 3"),
    ],
)
async def test_a_wrong_field_is_named_with_reason_and_remedy_and_its_value_is_not_repeated(app, change, expected):
    field, place, reason, remedy = await wrong(app, change)
    assert (f"{field} {reason}; {remedy}", place) == (expected, "body")


async def test_a_wrong_query_or_header_says_where_it_stands(app):
    body, _ = await ask(app, "POST", "/bills?limit=11", json=GOOD, headers={"x-shift": "x"})
    assert {(field["in"], field["field"], field["reason"]) for field in body["fields"]} == {
        ("query", "limit", "is too large"),
        ("header", "x-shift", "is no whole number"),
    }


async def test_a_body_that_is_no_json_is_named_as_a_whole(app):
    body, _ = await ask(app, "POST", "/bills", content=b'{"a": ', headers={"content-type": "application/json"})
    assert body["fields"] == [
        {"field": "body", "in": "body", "reason": "is no valid JSON", "remedy": "send one JSON document in UTF-8"}
    ]


async def test_of_very_many_wrong_fields_the_first_are_named(app):
    body, _ = await ask(app, "POST", "/bills", json=GOOD | {"lines": [7] * 60})
    assert len(body["fields"]) == 50
    assert body["detail"] == "the first 50 of 60 wrong fields are named"


async def test_no_token_is_401_with_a_challenge_and_a_missing_role_403(app):
    body, headers = await ask(app, "GET", "/fail/unauthenticated")
    assert (body["status"], body["code"], headers["www-authenticate"]) == (401, "token-expired", "Bearer")
    body, _ = await ask(app, "GET", "/fail/forbidden")
    assert (body["status"], body["code"], body["remedy"]) == (403, "role-missing", "ask for one of the roles viewer")


async def test_an_http_exception_keeps_its_status_words_and_headers(app):
    body, _ = await ask(app, "GET", "/fail/teapot")
    assert (body["status"], body["code"], body["detail"]) == (418, "im-a-teapot", "the pot is short and stout")
    _, headers = await ask(app, "GET", "/fail/busy")
    assert headers["retry-after"] == "2"


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(app):
    assert (await ask(app, "GET", "/nowhere"))[0]["code"] == "not-found"
    body, headers = await ask(app, "DELETE", "/bills")
    assert (body["code"], headers["allow"]) == ("method-not-allowed", "POST")


async def test_a_fault_of_ours_is_500_and_says_nothing_of_its_cause(app):
    body, _ = await ask(app, "GET", "/fail/fault")
    assert (body["status"], body["code"]) == (500, "fault")
    assert "RuntimeError" not in json.dumps(body)


def test_a_problem_leaves_out_what_it_does_not_have():
    assert json.loads(problem(409, "bed-taken", "Refused", remedy="ask again").body) == {
        "type": "urn:problem-type:carejourney:bed-taken",
        "title": "Refused",
        "status": 409,
        "code": "bed-taken",
        "remedy": "ask again",
    }


def test_a_path_is_dotted_with_brackets_and_hides_names_that_cannot_be_ours():
    assert path_of(("lines", 3, "class")) == "lines[3].class"
    assert path_of((0, "a", CANARY)) == "[0].a.?"
