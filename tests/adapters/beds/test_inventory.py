"""The inventory on a real database: importing beds, closing and opening them, and how wards stand."""

import asyncio
from datetime import timedelta
from time import process_time

import pytest

from services.beds.app import SERVICE
from services.simulator.play.opening import BEDS_FILE
from tests.adapters.beds.wards import HEADER, SINGLE, SMALL, TWIN_1, admitted, bed, comes, import_beds, reserve

IMPORT_SECONDS = 5
"""Of our own processor time: other programs of the machine do not count."""


async def test_good_lines_go_in_and_each_bad_one_is_named_with_field_and_remedy(empty):
    lines = [*SMALL, SMALL[0].replace("01,1,U", "02,1,X").replace("adult", "old"), SMALL[0]]
    answer = (await import_beds(empty, lines)).json()
    assert (answer["imported"], answer["added"]) == (3, 3)
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [
        (5, "status"),
        (5, "age_group"),
        (6, "bed"),
    ]
    assert all(row["reason"] and row["remedy"] for row in answer["rejected_rows"])


async def test_the_sample_hospital_is_taken_whole(empty):
    header, *lines = BEDS_FILE.read_text("utf-8").splitlines()
    answer = (await import_beds(empty, lines, header=header, role="coordinator")).json()
    assert (answer["added"], answer["rejected_rows"]) == (len(lines), [])


async def test_importing_again_brings_new_traits_and_says_nothing_new(beds):
    said = len(await beds.said())
    changed = [line.replace("oxygen", "oxygen;telemetry").replace("1-9", "2-5") for line in SMALL[:2]]
    answer = (await import_beds(beds, changed)).json()
    assert (answer["imported"], answer["added"], answer["rejected_rows"]) == (2, 0, [])
    assert len(await beds.said()) == said
    shown = await bed(beds, TWIN_1)
    assert (shown["attributes"], shown["stay_band"], shown["version"]) == (["oxygen", "telemetry"], [2, 5], 1)


async def test_a_bed_with_a_patient_keeps_them_through_an_import_and_a_new_one_has_none(beds):
    await admitted(beds, TWIN_1)
    occupied = [SMALL[0], SMALL[0].replace("01,1,U", "01,3,O"), SMALL[0].replace("01,1,U", "01,4,H")]
    answer = (await import_beds(beds, occupied)).json()
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [(3, "status")]
    assert [(await bed(beds, one))["status"] for one in (TWIN_1, "east/C1/01/4")] == ["O", "H"]


@pytest.mark.parametrize(
    ("header", "field"),
    [(HEADER.replace("isolation", "isolated"), "isolation"), (HEADER + ",ward", "ward")],
)
async def test_a_file_without_its_columns_is_refused_whole(empty, header, field):
    answer = await import_beds(empty, SMALL, header=header)
    assert (answer.status_code, [one["field"] for one in answer.json()["fields"]]) == (422, [field])
    assert await empty.sql("SELECT bed_id FROM bed") == []


async def test_the_same_import_under_one_key_is_answered_once(empty):
    first = await import_beds(empty, SMALL, key="beds")
    again = await import_beds(empty, SMALL, key="beds")
    assert first.content == again.content
    assert len(await empty.said()) == 2 * len(SMALL)


async def test_twelve_thousand_beds_are_imported_in_seconds(empty):
    lines = [
        f"east,W{ward},cardiology,surgery,{room},{number},U,single,,oxygen,adult,none,1-9"
        for ward in range(300)
        for room in range(10)
        for number in range(4)
    ]
    started = process_time()
    answer = (await import_beds(empty, lines)).json()
    assert process_time() - started < IMPORT_SECONDS
    assert (answer["imported"], answer["rejected_rows"]) == (12_000, [])


async def test_a_closed_bed_is_proposed_to_nobody_until_it_is_opened(beds):
    closed = await beds.command("POST", f"/beds/{SINGLE}/closing", role="coordinator")
    assert closed.json()["status"] == "C"
    event = await comes(beds, specialty="surgery", needs=("telemetry",))
    await beds.fire("bed-round")
    assert (await reserve(beds, event.request_id, SINGLE)).json()["code"] == "bed-not-free"
    assert (await beds.command("POST", f"/beds/{SINGLE}/closing", role="coordinator")).json()["code"] == "bed-closed"
    assert (await beds.command("POST", f"/beds/{SINGLE}/opening", role="coordinator")).json()["status"] == "U"
    assert await beds.fire("bed-round") == 1
    assert len((await beds.get("/proposals", role="viewer")).json()) == 1


async def test_a_bed_with_a_patient_in_it_or_on_the_way_is_not_closed(beds):
    await admitted(beds, TWIN_1)
    event = await comes(beds, specialty="surgery")
    await reserve(beds, event.request_id, SINGLE)
    for one in (TWIN_1, SINGLE):
        assert (await beds.command("POST", f"/beds/{one}/closing", role="coordinator")).json()["code"] == "bed-in-use"


async def test_only_a_dirty_bed_is_cleaned(beds):
    answer = await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-clean")
    assert (await beds.command("POST", "/beds/no/such/bed/1/cleaned", role="ward-nurse")).status_code == 404


async def test_wards_show_their_beds_by_status(beds):
    await admitted(beds, TWIN_1)
    event = await comes(beds, specialty="surgery")
    await reserve(beds, event.request_id, SINGLE)
    wards = (await beds.get("/wards", role="viewer")).json()
    assert [(ward["ward_id"], ward["beds"], ward["by_status"]) for ward in wards] == [
        ("east/C1", 2, {"O": 1, "U": 1}),
        ("east/S1", 1, {"R": 1}),
    ]
    reserved = (await beds.get("/beds", role="viewer", status="R")).json()
    assert [one["bed_id"] for one in reserved] == [SINGLE]


async def test_a_beds_own_time_never_goes_back(beds):
    event = await admitted(beds, TWIN_1)
    beds.clock.advance(timedelta(seconds=-3))
    await beds.command("POST", f"/stays/{event.request_id}/leave", role="ward-nurse")
    await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    later = await comes(beds)
    assert (await reserve(beds, later.request_id, TWIN_1)).status_code == 201


async def test_two_imports_of_one_file_at_once_make_each_bed_once(empty):
    answers = [answer.json() for answer in await asyncio.gather(import_beds(empty, SMALL), import_beds(empty, SMALL))]
    assert sorted(answer["added"] for answer in answers) == [0, 3]
    assert len(await empty.said()) == 2 * len(SMALL)


def listed(lines):
    """The same beds as JSON; lists of codes as lists."""
    rows = [dict(zip(HEADER.split(","), line.split(","), strict=True)) for line in lines]
    return [row | {"overflow": row["overflow"].split(";"), "attributes": row["attributes"].split(";")} for row in rows]


async def import_json(service, body):
    """Send a bed file as JSON."""
    return await service.command("POST", "/beds/import", role="back-office", body=body)


async def test_json_says_the_same_as_a_file_with_the_same_report(beds):
    wrong = SMALL[0].replace("01,1,U", "02,1,X").replace("oxygen", "oxigen")
    answer = (await import_json(beds, {"beds": listed([*SMALL, wrong, SMALL[0].replace("oxygen", "oxigen")])})).json()
    assert (answer["imported"], answer["added"]) == (3, 0)
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [(4, "status"), (5, "bed")]


@pytest.mark.parametrize("body", [{"wards": []}, {"beds": [{"campus": 7}]}, [1]])
async def test_json_that_is_no_bed_file_is_refused_with_the_field_and_takes_nothing(empty, body):
    answer = await import_json(empty, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert all(fault["field"] and fault["remedy"] for fault in answer.json()["fields"])


async def test_an_attribute_that_is_on_no_list_is_a_fault_of_its_line(run_service, tmp_path, empty):
    misspelt = SMALL[0].replace("oxygen", "oxigen")
    answer = (await import_beds(empty, [misspelt, SMALL[2]])).json()
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [(2, "attributes")]
    own = tmp_path / "attributes.json"
    own.write_text('{"version": "ours", "attributes": ["oxigen"]}')
    async with run_service(SERVICE, bed_attributes=own) as service:
        assert (await import_beds(service, [misspelt])).json()["imported"] == 1


async def test_a_building_stands_between_campus_and_ward_and_a_file_without_it_leaves_it(empty):
    header = f"{HEADER},building"
    await import_beds(empty, [f"{line},North wing" for line in SMALL], header=header)
    await import_beds(empty, SMALL)
    assert (await bed(empty, TWIN_1))["building"] == "North wing"
    wards = (await empty.get("/wards", role="viewer")).json()
    assert {ward["building"] for ward in wards} == {"North wing"}
    differs = [f"{SMALL[0]},North wing", f"{SMALL[1]},South wing"]
    answer = (await import_beds(empty, differs, header=header)).json()
    assert [(row["line"], row["field"]) for row in answer["rejected_rows"]] == [(3, "building")]
