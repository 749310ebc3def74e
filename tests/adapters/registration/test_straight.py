"""The short way of holds and bookings answers as the routes that document it."""

import json

import pytest

from services.registration.app import SERVICE
from shared.ids import new_id
from tests.support.service import ServiceFactory

DESK, VIEWER = "front-desk", "viewer"
LONG_WAY = "application/json; charset=utf-8"


@pytest.fixture
async def registration(run_service: ServiceFactory):
    async with run_service(SERVICE) as service:
        yield service


def wish(**changes):
    wanted = {
        "patient_id": str(new_id()),
        "session_id": str(new_id()),
        "slot_starts_at": "2026-03-09T08:00:00Z",
        "visit_type": "outpatient",
        "channel": "desk",
    }
    return wanted | changes


async def both_ways(registration, path, body, role=DESK, **headers):
    """The answers of the short way and of the route to the same bytes under keys of their own."""
    answers = []
    for kind in ("application/json", LONG_WAY):
        sent = {**registration.headers(role), "Idempotency-Key": str(new_id()), "Content-Type": kind} | headers
        sent = {name: value for name, value in sent.items() if value is not None}
        answers.append(await registration.client.post(path, content=body, headers=sent))
    return answers


@pytest.mark.parametrize("path", ["/holds", "/appointments"])
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (json.dumps(wish()), {}, 404),
        (json.dumps(wish(channel="telepathy")), {}, 422),
        (json.dumps(wish(surprise=1)), {}, 422),
        ("{", {}, 422),
        ("", {}, 422),
        (json.dumps(wish(visit_type="x" * 5000)), {}, 422),
        (json.dumps(wish()), {"Idempotency-Key": None}, 400),
        (json.dumps(wish()), {"Idempotency-Key": "k" * 201}, 400),
        (json.dumps(wish()), {"Authorization": None}, 401),
        (json.dumps(wish()), {"Authorization": "Bearer forged"}, 401),
    ],
)
async def test_whatever_is_sent_both_ways_give_the_same_answer(registration, path, body, headers, status):
    short, long = await both_ways(registration, path, body, **headers)
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert short.status_code == status


async def test_who_may_not_book_is_told_so_both_ways(registration):
    short, long = await both_ways(registration, "/appointments", json.dumps(wish()), role=VIEWER)
    assert short.status_code == long.status_code == 403
    assert short.content == long.content


async def test_a_repeat_gets_its_answer_whichever_way_it_comes(registration):
    patient = {
        "patient_id": str(new_id()), "name": "Lin An", "sex": "F", "born_on": "1980-02-03", "insutype": "310",
    }  # fmt: skip
    assert (await registration.command("POST", "/patients", role=DESK, body=patient)).status_code == 201
    await registration.sql(
        "INSERT INTO clinic VALUES ('c', 'east', 'cardiology', 'Asia/Shanghai', NULL, NULL, '{}', 1)"
    )
    session = new_id()
    await registration.sql(
        "INSERT INTO session VALUES "
        "($1, 'c', 'east', '2026-03-09', '2026-03-09T08:00Z', '2026-03-09T09:00Z', 60, 1, 1)",
        session,
    )
    await registration.sql(
        "INSERT INTO slot VALUES ($1, '2026-03-09T08:00Z', '2026-03-09T09:00Z', 'c', 1, 0, 0)", session
    )
    body = json.dumps(wish(patient_id=patient["patient_id"], session_id=str(session)))
    short, long = await both_ways(registration, "/appointments", body, **{"Idempotency-Key": "once"})
    assert short.status_code == 201, short.text
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert len(await registration.said()) == 2


async def test_the_short_way_is_counted_under_its_route(registration):
    await both_ways(registration, "/holds", json.dumps(wish()))
    told = registration.host.telemetry.render().decode()
    assert 'journey_request_seconds_count{method="POST",route="/holds",status="404"} 2.0' in told
