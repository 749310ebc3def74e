"""The coordinator's page, drawn from what the topics have said."""

import re

import pytest

from services.console.app import SERVICE
from services.console.desk import handlers
from services.console.desk.model import Call
from shared.messages.beds.emergency import EmergencyLimitNear, EmergencyLimitPassed
from tests.adapters.console.test_projection import take
from tests.console.desk_scene import AtTheDesk, desk
from tests.console.scene import AFTERNOON, Scene


@pytest.fixture
async def console(run_service):
    async with run_service(SERVICE, at=AFTERNOON) as service:
        yield service


async def lines(console):
    async with console.database.work() as work:
        return (await handlers.desk(work)).lines


async def test_every_patient_is_on_one_line_and_limits_and_tiers_come_first(console):
    await take(console, desk())
    found = await lines(console)
    assert [(line.specialty, line.tier, line.limit) for line in found[:3]] == [
        ("emergency-medicine", 0, "near"),
        ("cardiology", 1, None),
        ("neurology", 0, None),
    ]
    assert found[1].outcome == "condition_worse"
    assert [line.reserved for line in found[3:]] == [True, False, False]
    expected = found[3]
    assert (expected.bed_id, expected.answer, expected.call, expected.exams, expected.open) == (
        *("main/M-CA/07/1", "confirmed", Call.DONE, "booked"),
        4,
    )
    assert [line.call for line in found[4:]] == [Call.FAILED, Call.OVERDUE]


async def test_events_of_different_services_in_any_order_draw_the_same_page(console, run_service):
    await take(console, desk())
    scene = desk()
    by_topic = sorted(scene, key=lambda record: record.topic, reverse=True)
    async with run_service(SERVICE, at=AFTERNOON) as other:
        await take(other, by_topic, batch=1)
        await take(other, by_topic)
        shape = [(line.specialty, line.call, line.exams, line.open, line.limit) for line in await lines(other)]
    assert shape == [(line.specialty, line.call, line.exams, line.open, line.limit) for line in await lines(console)]


async def test_an_answer_counts_for_the_bed_that_is_kept_and_a_passed_limit_for_a_near_one(console):
    scene = Scene(at=AFTERNOON)
    patient = AtTheDesk(scene)
    patient.reserved()
    patient.answered("confirmed")
    patient.limit(EmergencyLimitNear)
    patient.limit(EmergencyLimitPassed)
    await take(console, scene.records)
    [line] = await lines(console)
    assert (line.answer, line.limit) == ("confirmed", "passed")


@pytest.mark.parametrize(("language", "title"), [("en", "Coordinator"), ("zh-CN", "床位统筹")])
async def test_the_page_speaks_both_languages_and_names_no_diagnosis(console, language, title):
    await take(console, desk())
    headers = {**console.headers("viewer"), "Accept-Language": language}
    answer = await console.client.get("/coordinator", headers=headers)
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert len(re.findall(r'<th scope="row">', answer.text)) == 6
    assert (await console.client.get("/coordinator")).status_code == 303


async def test_nobody_waits(console):
    answer = await console.client.get("/coordinator", headers={**console.headers("viewer"), "Accept-Language": "en"})
    assert "Nobody waits for a bed." in answer.text
