"""What only a real database can prove about templates."""

import orjson
import pytest

from services.followup.templates import definition, handlers
from services.followup.templates.handlers import TemplateChanged


async def test_what_comes_with_the_service_is_published_at_its_start_and_once(followup):
    async with followup.database.work() as work:
        await handlers.publish_shipped(work)
    answer = await followup.get("/templates", role="viewer")
    assert [(one["name"], one["version"]) for one in answer.json()] == [("post-discharge", "1")]
    assert (await followup.get("/templates/post-discharge/versions/1", role="viewer")).json() == answer.json()[0]


async def test_a_published_version_never_changes(followup):
    document = orjson.loads(definition.shipped()[0])
    document["dueTime"] = "10:00"
    async with followup.database.work() as work:
        with pytest.raises(TemplateChanged, match="give the changed document a new version"):
            await handlers.publish(orjson.dumps(document), work)


async def test_running_plans_keep_their_version_and_new_ones_take_the_one_that_counts(followup, case):
    await followup.deliver(case.left())
    document = orjson.loads(definition.shipped()[0])
    document |= {"version": "2", "effectivePeriod": {"start": "2026-03-03"}, "dueTime": "10:00"}
    async with followup.database.work() as work:
        await handlers.publish(orjson.dumps(document), work)
    again = case.again()
    await followup.deliver(again.left(case.left().left_at.replace(day=3)))
    rows = await followup.sql("SELECT stay_id, template_version FROM plan")
    assert {row["stay_id"]: row["template_version"] for row in rows} == {case.stay_id: "1", again.stay_id: "2"}


async def test_a_template_that_is_not_there_is_not_found(followup):
    answer = await followup.get("/templates/post-discharge/versions/9", role="viewer")
    assert (answer.status_code, answer.json()["code"]) == (404, "template-missing")
