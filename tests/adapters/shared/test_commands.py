"""A command's key: one effect, one answer; said through registration's register, as any client would."""

import asyncio

import pytest

from services.registration.app import SERVICE
from shared.ids import new_id

DESK = {"role": "front-desk"}


@pytest.fixture
async def registration(run_service):
    """The service with an empty register."""
    async with run_service(SERVICE) as service:
        yield service


def somebody(**changes):
    """A person nobody is."""
    return {
        "patient_id": str(new_id()),
        "name": "Testperson 测试甲",
        "sex": "F",
        "born_on": "1980-01-02",
        "insutype": "310",
    } | changes


async def test_the_same_key_has_the_same_answer_and_one_effect(registration):
    body = somebody()
    first = await registration.command("POST", "/patients", body=body, key="k-1", **DESK)
    again = await registration.command("POST", "/patients", body=body, key="k-1", **DESK)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert len(await registration.said()) == 1


async def test_the_same_key_with_another_body_is_refused(registration):
    await registration.command("POST", "/patients", body=somebody(), key="k-1", **DESK)
    other = await registration.command("POST", "/patients", body=somebody(), key="k-1", **DESK)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_twenty_requests_with_one_key_at_once_have_one_effect(registration):
    body = somebody()
    ask = (registration.command("POST", "/patients", body=body, key="k-1", **DESK) for _ in range(20))
    answers = await asyncio.gather(*ask)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await registration.said()) == 1


async def test_a_refusal_is_remembered_like_any_answer(registration):
    body = somebody(born_on="2999-01-01")
    first = await registration.command("POST", "/patients", body=body, key="k-1", **DESK)
    again = await registration.command("POST", "/patients", body=body, key="k-1", **DESK)
    assert first.status_code == again.status_code == 409
    assert first.json() == again.json()
    assert first.json()["code"] == "born-in-the-future"


async def test_a_command_without_a_key_is_told_to_bring_one(registration):
    answer = await registration.client.post("/patients", json=somebody(), headers=registration.headers("front-desk"))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    assert "Idempotency-Key" in answer.json()["remedy"]


async def test_a_lost_connection_is_told_as_unknown_and_settled_by_the_same_key(registration, postgres):
    await registration.command("POST", "/patients", body=somebody(), **DESK)
    name = registration.host.database.engine.url.database
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    body = somebody()
    away = await registration.command("POST", "/patients", body=body, key="k-1", **DESK)
    assert (away.status_code, away.json()["code"]) == (503, "outcome-unknown")
    assert away.headers["retry-after"]
    assert (await registration.command("POST", "/patients", body=body, key="k-1", **DESK)).status_code == 201


async def test_bad_input_is_named_by_field_and_never_echoed(registration):
    answer = await registration.command("POST", "/patients", body=somebody(sex="secret-value", extra=1), **DESK)
    assert answer.status_code == 422
    assert {field["field"] for field in answer.json()["fields"]} == {"sex", "extra"}
    assert "secret-value" not in answer.text


async def test_who_may_not_is_told_so(registration):
    assert (await registration.client.post("/patients", json=somebody())).status_code == 401
    answer = await registration.command("POST", "/patients", body=somebody(), role="viewer")
    assert answer.status_code == 403


async def test_a_name_is_in_no_event(registration):
    await registration.command("POST", "/patients", body=somebody(), **DESK)
    rows = await registration.sql("SELECT headers, value FROM outbox")
    assert all("Testperson" not in str(row) and "测试" not in bytes(row["value"]).decode() for row in rows)
