"""Forecasts are made, kept and scored; what-ifs leave no trace. The computing process is the real one."""

from datetime import timedelta

import pytest

from tests.adapters.beds.wards import SINGLE, TWIN_1, TWIN_2, admitted, comes, left

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"


async def state(service):
    """Every table with a hash of its rows."""
    hashed = "SELECT md5(string_agg(row::text, '' ORDER BY row::text)) AS hash FROM {} row"
    tables = [found["relname"] for found in await service.sql(TABLES)]
    return {table: (await service.sql(hashed.format(table)))[0]["hash"] for table in tables}


async def next_due(service, name):
    """When a timer wants to be fired."""
    timer = next(timer for timer in service.host.timers if timer.name == name)
    async with service.database.work() as work:
        return await timer.next_due_at(work)


async def what_if(service, **body):
    """Try something."""
    headers = service.headers("coordinator")
    return await service.client.post("/what-if", json={"hours": 6} | body, headers=headers)


@pytest.fixture
async def busy(beds):
    """One who has left after a day, two who lie there and one who waits for a bed."""
    gone = await admitted(beds, TWIN_1, drg="FR1", expected_days=1)
    beds.clock.advance(timedelta(days=1))
    await beds.deliver(left(gone, beds.clock.now()))
    await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    await admitted(beds, TWIN_1, expected_days=30)
    await admitted(beds, TWIN_2, expected_days=30)
    await comes(beds, specialty="surgery")
    return beds


async def test_a_forecast_is_due_while_beds_change_and_is_kept(busy):
    assert (await busy.get("/forecast", role="viewer")).status_code == 404
    assert await next_due(busy, "forecast") <= busy.clock.now()
    assert await busy.fire("forecast") == 1
    assert await next_due(busy, "forecast") is None
    found = (await busy.get("/forecast", role="viewer", scope="ward", group_id="east/C1")).json()
    assert found["made_at"] == busy.clock.now().isoformat().replace("+00:00", "Z")
    assert [line["hours_ahead"] for line in found["lines"]] == [6, 12, 24, 48, 72]
    assert {line["open_beds"] for line in found["lines"]} == {2}
    assert all(1 < line["occupied_mean"] <= 2 for line in found["lines"])
    made_at = busy.clock.now()
    busy.clock.advance(timedelta(hours=1))
    await admitted(busy, SINGLE, specialty="surgery")
    assert await next_due(busy, "forecast") == made_at + timedelta(hours=6)


async def test_a_forecast_is_scored_against_the_beds_that_were_occupied_then(busy):
    await busy.fire("forecast")
    target_at = busy.clock.now() + timedelta(hours=6)
    assert await next_due(busy, "forecast-score") == target_at
    assert await busy.fire("forecast-score") == 0
    busy.clock.advance(timedelta(hours=7))
    await admitted(busy, SINGLE, specialty="surgery")
    assert await busy.fire("forecast-score") == 1
    assert await next_due(busy, "forecast-score") == target_at + timedelta(hours=6)
    told = (await busy.get("/forecast/calibration", role="operator")).json()
    assert told["nominal"] == pytest.approx(0.9)
    lines = {line["scope"]: line for line in told["lines"]}
    assert {scope: line["scored"] for scope, line in lines.items()} == {"ward": 2, "campus": 1, "hospital": 1}
    assert lines["hospital"]["inside"] == 1.0
    rows = await busy.sql("SELECT group_id, occupied_then FROM forecast_line WHERE occupied_then IS NOT NULL")
    assert {row["group_id"]: row["occupied_then"] for row in rows} == {
        "east/C1": 2,
        "east/S1": 0,
        "east": 2,
        "hospital": 2,
    }


async def test_a_what_if_answers_and_leaves_no_trace(busy):
    before = await state(busy)
    answer = await what_if(
        busy,
        changes=[
            {"name": "six more", "open_beds": {"east/S1": 6}, "policy": {"weights": {"a": 60}}},
            {"name": "without C1", "close_wards": ["east/C1"]},
        ],
        presets=["no-overflow", "two-overflow"],
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["hours"] == 6
    assert [one["outcome"]["name"] for one in found["then"]] == [
        *("six more", "without C1", "no-overflow", "two-overflow")
    ]
    assert found["now"]["placed"] >= 1
    assert {move["ward_now"] for move in found["then"][1]["moves"]} <= {None, "east/S1"}
    assert await state(busy) == before


async def test_what_cannot_be_tried_is_refused_by_name(busy):
    unknown = await what_if(busy, changes=[{"name": "x", "close_wards": ["nowhere"]}])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ward-missing")
    policy = await what_if(busy, changes=[{"name": "x", "policy": {"weights": {"q": 1}}}])
    assert policy.status_code == 422
    assert [one["field"] for one in policy.json()["fields"]] == ["policy.weights.q"]
    assert (await busy.client.post("/what-if", json={}, headers=busy.headers("ward-nurse"))).status_code == 403
