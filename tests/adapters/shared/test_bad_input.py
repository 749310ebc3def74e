"""What no service may fall over: bodies too large, of another kind, too deep, and values that cannot be kept."""

import json

import pytest

from services.registration.app import SERVICE
from shared.http import LARGEST_BODY_BYTES
from shared.ids import new_id

PATIENT = {"name": "Invented Person", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}


@pytest.fixture
async def registration(run_service):
    async with run_service(SERVICE) as service:
        yield service


async def register(service, content=None, *, kind="application/json", key=True, **fields):
    """Send what may be no patient at all."""
    headers = (
        service.headers("front-desk") | {"Content-Type": kind} | ({"Idempotency-Key": str(new_id())} if key else {})
    )
    body = {"patient_id": str(new_id())} | PATIENT | fields
    answer = await service.client.post("/patients", headers=headers, content=content or json.dumps(body))
    if not answer.is_success:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"]
    return answer


def named(answer):
    assert answer.status_code == 422, answer.text
    return [field["field"] for field in answer.json()["fields"]]


async def test_ten_megabytes_are_too_many_whether_they_are_announced_or_not(registration):
    large = json.dumps({"name": "x" * 10 * LARGEST_BODY_BYTES}).encode()

    async def in_pieces():
        for begin in range(0, len(large), 65536):
            yield large[begin : begin + 65536]

    for content in (large, in_pieces()):
        answer = await register(registration, content)
        assert (answer.status_code, answer.json()["code"]) == (413, "content-too-large")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/octet-stream", ""])
async def test_a_body_that_is_no_json_is_of_the_wrong_kind(registration, kind):
    assert (await register(registration, kind=kind)).status_code == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/merge-patch+json"])
async def test_json_may_say_more_of_itself(registration, kind):
    assert (await register(registration, kind=kind)).status_code == 201


async def test_a_command_needs_a_key(registration):
    answer = await register(registration, key=False)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_nesting_that_nobody_can_read_is_a_bad_request(registration):
    deep = await register(registration, b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert (deep.status_code, deep.json()["fields"][0]["field"]) == (400, "body")
    assert "nested" in deep.json()["fields"][0]["remedy"]
    assert named(await register(registration, b'{"name":' + b"[" * 500 + b"1" + b"]" * 500 + b"}"))


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "a\udfffb"])
async def test_text_that_cannot_be_kept_is_named(registration, name):
    assert named(await register(registration, name=name)) == ["name"]


async def test_text_that_looks_like_it_is_kept_as_it_came(registration):
    answer = await register(registration, name="\\u0000 \\ud800 𠮷")
    assert answer.json()["name"] == "\\u0000 \\ud800 𠮷"


async def test_a_name_of_a_field_that_cannot_be_kept_is_not_repeated(registration):
    answer = await register(registration, **{"a\0b": 1})
    assert answer.status_code == 422
    assert "\\u0000" not in answer.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_numbers_that_are_none_are_named(registration, number):
    assert named(await register(registration, f'{{"retired": {number}}}'.encode()))[0] == "retired"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("path", ["/holds", "/appointments"])
async def test_an_instant_at_the_end_of_the_calendar_is_named(registration, path, at):
    ids = {"patient_id": str(new_id()), "session_id": str(new_id())}
    body = {**ids, "slot_starts_at": at, "visit_type": "outpatient", "channel": "app"}
    assert named(await registration.command("POST", path, role="front-desk", body=body)) == ["slot_starts_at"]
    query = {"from_at": at, "to_at": "2026-03-02T00:00:00Z"}
    assert named(await registration.get("/slots", role="front-desk", **query)) == ["from_at"]


async def test_a_number_without_end_is_refused(registration):
    answer = await register(registration, b'{"patient_id": ' + b"9" * 50_000 + b"}")
    assert answer.status_code in {400, 422}


async def test_a_number_in_an_address_ends_where_the_databases_do(registration):
    answer = await registration.get(f"/dead-letters/{2**63}", role="operator")
    assert answer.status_code == 422


async def test_an_address_may_not_hold_what_cannot_be_kept(registration):
    answer = await registration.get("/clinics/a%00b", role="front-desk")
    assert answer.status_code == 422
    answer = await registration.client.get("/slots?clinic_id=a%00", headers=registration.headers("front-desk"))
    assert "clinic_id" in named(answer)
