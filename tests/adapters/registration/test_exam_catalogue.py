"""The exam catalogue, over HTTP: large and broken files, and what was written read again."""

import pytest

from tests.adapters.registration.exam_rooms import CAMPUSES, open_exams, upload

HEADER = (
    "item_code,modality,name_zh,name_en,minutes,fasting_hours,contrast,tags,preparations,price_fen,"
    "recognition_days,source\n"
)


def item(code, *, name="胸部", minutes="10"):
    return f"{code},CT,{name},{'Chest ' * 50},{minutes},0,,,,100,7,ours\n"


async def test_a_catalogue_of_a_megabyte_and_thousands_of_items_goes_in_whole(registration):
    content = (HEADER + "".join(item(f"item-{number}") for number in range(4000))).encode()
    assert len(content) > 1024 * 1024
    answer = await upload(registration, "items", content)
    assert (answer.status_code, answer.json()["imported"]) == (200, 4000)


@pytest.mark.parametrize("bad", [item("bad", name="胸\0部"), item("bad", minutes="9" * 5000)])
async def test_what_cannot_be_kept_or_read_is_told_by_line_and_the_rest_goes_in(registration, bad):
    answer = await upload(registration, "items", (HEADER + bad + item("good")).encode())
    assert (answer.status_code, answer.json()["imported"]) == (200, 1)
    assert [one["line"] for one in answer.json()["rejected_rows"]] == [2]


async def test_preparations_and_ways_can_be_read_as_they_were_written(registration):
    assert (await registration.service.get("/exam-network", role="viewer")).status_code == 404
    await open_exams(registration)
    network = (await registration.service.get("/exam-network", role="viewer")).json()
    assert network["zone"] == "Asia/Shanghai"
    assert {(way["from_campus_id"], way["to_campus_id"]) for way in network["travel"]} == {
        (one, other) for one in CAMPUSES for other in CAMPUSES if one != other
    }
    preparations = (await registration.service.get("/exam-preparations", role="front-desk")).json()
    assert {"metformin", "fast-8"} <= {one["preparation_code"] for one in preparations}


@pytest.mark.parametrize("zone", ["Asia", "../Asia/Shanghai", ""])
async def test_a_zone_that_is_none_is_refused(registration, zone):
    body = {"zone": zone, "travel": []}
    answer = await registration.service.command("PUT", "/exam-network", role="back-office", body=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "zone-unknown")
