"""What the pool did, counted from what has happened to its beds."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.adapters.beds.wards import (
    TWIN_1,
    TWIN_2,
    admit,
    admitted,
    comes,
    import_beds,
    left,
    reserve,
    transfer,
)

OVERFLOW = "east/S2/01/1"
TODAY = date(2026, 3, 2)
TOMORROW = date(2026, 3, 3)


@pytest.fixture
async def beds(beds):
    """The small hospital, and a surgical ward that takes cardiology too."""
    answer = await import_beds(beds, ["east,S2,surgery,cardiology,01,1,U,mixed,,,any,none,"])
    assert answer.json()["imported"] == 1
    return beds


async def indicators(service, from_on=TODAY, to_on=TODAY, **asked):
    """The answer."""
    return await service.get("/indicators", role="coordinator", from_on=from_on, to_on=to_on, **asked)


async def lines(service, *days, **asked):
    """The answer's lines by group."""
    answer = (await indicators(service, *days, **asked)).json()
    return {line["group_id"]: line for line in answer["lines"]}


async def clean(service, bed_id):
    """Housekeeping is done."""
    assert (await service.command("POST", f"/beds/{bed_id}/cleaned", role="ward-nurse")).status_code == 200


async def leaves(service, event):
    """The patient leaves now."""
    await service.deliver(left(event, service.clock.now()))


def hours_on(service, hours):
    """Let time pass."""
    service.clock.advance(timedelta(hours=hours))


async def a_busy_afternoon(service):
    """From 20:00 by the hospital's clock: one in cardiology for two hours, one in a surgical bed who stays."""
    first = await comes(service, admission_class="emergency", triage=2, source="emergency", rw=3.0)
    hours_on(service, 1)
    assert (await reserve(service, first.request_id, TWIN_1)).status_code == 201
    assert (await admit(service, first.request_id)).status_code == 200
    stays = await admitted(service, OVERFLOW, diagnosis_code="I21.4")
    hours_on(service, 2)
    await leaves(service, first)
    hours_on(service, 0.5)
    await clean(service, TWIN_1)
    return first, stays


async def test_the_running_day_is_counted_up_to_now(beds):
    await a_busy_afternoon(beds)
    hours_on(beds, 0.25)
    found = await lines(beds, by="ward")
    cardiology, surgery = found["east/C1"], found["east/S2"]
    assert (cardiology["admissions"], cardiology["cross_ward"]) == (1, 0)
    assert (surgery["admissions"], surgery["cross_ward"], surgery["cross_ward_share"]) == (1, 1, 1.0)
    assert cardiology["bed_days_used"] == pytest.approx(2 / 24)
    assert surgery["bed_days_used"] == pytest.approx(2.75 / 24)
    assert cardiology["open_bed_days"] == pytest.approx(2 * 3.75 / 24)
    assert cardiology["waiting"]["L2"]["max_hours"] == pytest.approx(1.0)
    assert cardiology["waiting"]["L2"]["max_ratio"] == pytest.approx(0.25)
    assert cardiology["boarding"]["median_hours"] == pytest.approx(1.0)
    assert cardiology["cleaning"]["median_hours"] == pytest.approx(0.5)
    assert (cardiology["rw_above_2_share"], surgery["rw_above_2_share"]) == (1.0, 0.0)
    assert cardiology["same_day_cleared_share"] is None


async def test_a_stay_over_midnight_belongs_to_each_day_with_its_part(beds):
    await a_busy_afternoon(beds)
    hours_on(beds, 27.5)
    assert await beds.fire("indicators-day") == 1
    yesterday = await lines(beds, by="ward")
    assert yesterday["east/S2"]["bed_days_used"] == pytest.approx(3 / 24)
    assert (yesterday["east/S2"]["midnight_census"], yesterday["east/C1"]["midnight_census"]) == (1, 0)
    assert yesterday["east/C1"]["open_at_midnight"] == 2
    both = await lines(beds, TODAY, TOMORROW, by="total", each="range")
    assert both["total"]["bed_days_used"] == pytest.approx((2 + 27) / 24)
    assert both["total"]["days"] == 2


async def test_a_closed_day_says_what_was_said_while_it_ran_and_wards_add_up_to_the_total(beds):
    await a_busy_afternoon(beds)
    beds.clock.set(datetime.fromisoformat("2026-03-02T15:59:59.999999+00:00"))
    running = await lines(beds, by="ward")
    hours_on(beds, 12)
    await admitted(beds, TWIN_2)
    await beds.fire("indicators-day")
    closed, total = await lines(beds, by="ward"), (await lines(beds))["total"]
    for ward_id, line in running.items():
        for name in ("admissions", "cross_ward", "waiting", "boarding", "cleaning", "midnight_census"):
            assert closed[ward_id][name] == line[name]
    for name in ("admissions", "cross_ward", "cross_campus", "midnight_census", "open_at_midnight"):
        assert total[name] == sum(line[name] for line in closed.values())
    assert total["bed_days_used"] == pytest.approx(sum(line["bed_days_used"] for line in closed.values()), abs=1e-12)


async def test_a_day_is_closed_once_and_nothing_is_due_where_nothing_changes(beds):
    async def next_due():
        timer = next(timer for timer in beds.host.timers if timer.name == "indicators-day")
        async with beds.database.work() as work:
            return await timer.next_due_at(work)

    assert await next_due() is None
    await admitted(beds, TWIN_1)
    assert await next_due() == datetime.fromisoformat("2026-03-02T16:00:00+00:00")
    hours_on(beds, 24 * 10)
    assert await beds.fire("indicators-day") == 1
    assert await next_due() is None
    await admitted(beds, TWIN_2)
    hours_on(beds, 24)
    assert await beds.fire("indicators-day") == 1
    assert await beds.fire("indicators-day") == 0
    lines_a_day = (await indicators(beds, TODAY, TODAY + timedelta(days=10), each="day")).json()["lines"]
    assert [line["midnight_census"] for line in lines_a_day[:11]] == [1] * 10 + [2]


async def test_a_transfer_is_no_admission_and_the_old_bed_is_cleaned(beds):
    event = await admitted(beds, TWIN_1)
    hours_on(beds, 1)
    assert (await transfer(beds, event.request_id, OVERFLOW)).status_code == 200
    hours_on(beds, 1)
    await clean(beds, TWIN_1)
    hours_on(beds, 1)
    found = await lines(beds, by="ward")
    assert (found["east/C1"]["admissions"], found["east/S2"]["admissions"]) == (1, 0)
    assert found["east/C1"]["cleaning"]["max_hours"] == pytest.approx(1.0)
    assert found["east/S2"]["bed_days_used"] == pytest.approx(2 / 24)


async def test_cleaning_counts_from_when_the_bed_was_left_though_it_is_heard_of_later(beds):
    event = await admitted(beds, TWIN_1)
    hours_on(beds, 2)
    gone = left(event, beds.clock.now() - timedelta(hours=1))
    await beds.deliver(gone)
    await clean(beds, TWIN_1)
    hours_on(beds, 1)
    assert (await lines(beds))["total"]["cleaning"]["max_hours"] == pytest.approx(1.0)


async def test_a_disease_is_cleared_when_all_who_came_with_it_had_a_bed_that_day(beds):
    await admitted(beds, TWIN_1, diagnosis_code="I21.9")
    await admitted(beds, OVERFLOW, diagnosis_code="K35.8")
    await comes(beds, diagnosis_code="I21.4")
    hours_on(beds, 1)
    total = (await lines(beds))["total"]
    assert (total["disease_days"], total["same_day_cleared_share"]) == (2, 0.5)


async def test_those_who_wait_still_and_the_pool_are_told(beds):
    await admitted(beds, TWIN_1)
    await comes(beds, admission_class="A")
    hours_on(beds, 72)
    answer = (await indicators(beds, TODAY, date(2026, 3, 5))).json()
    assert answer["still_waiting"]["A"]["max_ratio"] == pytest.approx(0.1)
    assert answer["pool"] == {"departments": 2, "pooled_departments": 2, "pooled_share": 1.0}
    assert [one["groups"] for one in answer["bounds"]["arrangements"]] == [3, 1, 1]


@pytest.mark.parametrize(
    ("from_on", "to_on", "field"), [("2026-03-03", "2026-03-02", "from_on"), ("2026-03-02", "2026-03-09", "to_on")]
)
async def test_bad_days_are_refused_by_name(beds, from_on, to_on, field):
    answer = await indicators(beds, from_on, to_on)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["fields"]] == [field]


def lived(chance, first, until):
    """A bed's life at random: what it was and from when to when, without a gap."""
    at, status = first, "U"
    while at < until:
        ends = min(until, at + timedelta(minutes=chance.randint(0, 40 * 60)))
        yield status, at, ends
        at, status = ends, chance.choice([one for one in "UROHC" if one != status])


def within(began, ended, begin, end):
    """How long something lasted within a day."""
    return max(timedelta(0), min(ended, end) - max(began, begin))


@pytest.mark.parametrize("seed", range(3))
async def test_every_instant_of_every_bed_is_counted_once_whatever_happened_to_it(beds, seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    first, until = datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 6, 16, tzinfo=UTC)
    lives = {row["bed_no"]: list(lived(chance, first, until)) for row in await beds.sql("SELECT bed_no FROM bed")}
    await beds.sql("DELETE FROM bed_period")
    periods = [(bed_no, number, *one) for bed_no, life in lives.items() for number, one in enumerate(life)]
    await beds.sql(
        "INSERT INTO bed_period SELECT a, b, c, NULL, d, e, 'U' FROM unnest($1::bigint[], $2::integer[], $3::text[],"
        " $4::timestamptz[], $5::timestamptz[]) x (a, b, c, d, e)",
        *(list(column) for column in zip(*periods, strict=True)),
    )
    await beds.sql("UPDATE bed SET changed_at = $1", until)
    beds.clock.set(until)
    days = (await indicators(beds, TODAY, TODAY + timedelta(days=4), each="day")).json()["lines"]
    wards = (await indicators(beds, TODAY, TODAY + timedelta(days=4), each="day", by="ward")).json()["lines"]
    assert len(days) == 5
    for day in days:
        begin = datetime.fromisoformat(f"{day['on_day']}T00:00:00+08:00")
        end = begin + timedelta(days=1)
        used = sum(
            (within(*one[1:], begin, end) for life in lives.values() for one in life if one[0] == "O"), timedelta()
        )
        closed = sum(
            (within(*one[1:], begin, end) for life in lives.values() for one in life if one[0] == "C"), timedelta()
        )
        assert day["bed_days_used"] == pytest.approx(used / timedelta(days=1), abs=1e-9)
        assert day["open_bed_days"] == pytest.approx(len(lives) - closed / timedelta(days=1), abs=1e-9)
        of_wards = [line for line in wards if line["on_day"] == day["on_day"]]
        assert day["bed_days_used"] == pytest.approx(sum(line["bed_days_used"] for line in of_wards), abs=1e-9)
        assert day["midnight_census"] == sum(line["midnight_census"] for line in of_wards)
