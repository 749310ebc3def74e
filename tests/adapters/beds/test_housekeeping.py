"""The cleaning of a bed between two patients, with its clock; and how a bed stands in the words of HL7 table 0116."""

from datetime import timedelta

import pytest

from services.beds.scoring.model import BedStatus
from services.console.projection.looks import LOOKS
from tests.adapters.beds.wards import SINGLE, SMALL, TWIN_1, admitted, bed, clean, import_beds, leave, reserve, transfer

TABLE_0116 = {
    "C": "closed",
    "H": "housekeeping",
    "O": "occupied",
    "U": "unoccupied",
    "K": "contaminated",
    "I": "isolated",
}


def test_the_codes_mean_what_table_0116_says_though_two_public_systems_got_it_wrong():
    ours = {status.value: status.name.lower() for status in BedStatus}
    assert ours == {**TABLE_0116, "R": "reserved"}
    assert set(LOOKS) == set(TABLE_0116)


async def cleaning(service, **which):
    """Cleaning tasks."""
    return (await service.get("/cleaning", role="viewer", **which)).json()


async def test_a_leaving_opens_a_task_with_a_clock_and_the_bed_is_free_when_it_is_done(beds):
    event = await admitted(beds, TWIN_1)
    await leave(beds, event.request_id)
    [task] = await cleaning(beds)
    assert (task["bed_id"], task["kind"], task["stay_id"]) == (TWIN_1, "terminal", str(event.request_id))
    assert await cleaning(beds, view="overdue") == []
    beds.clock.advance(timedelta(minutes=60, seconds=1))
    assert [one["bed_id"] for one in await cleaning(beds, view="overdue", ward_id="east/C1")] == [TWIN_1]
    started = await beds.command("POST", f"/beds/{TWIN_1}/cleaning-start", role="ward-nurse")
    assert started.json()["started_by"] == "tester"
    again = await beds.command("POST", f"/beds/{TWIN_1}/cleaning-start", role="ward-nurse")
    assert again.json()["code"] == "cleaning-started"
    assert (await clean(beds, TWIN_1)).json()["status"] == "U"
    assert await cleaning(beds) == []
    [done] = await cleaning(beds, view="done")
    assert (done["done_by"], done["stay_id"]) == ("tester", str(event.request_id))
    assert (await clean(beds, TWIN_1)).json()["code"] == "nothing-to-clean"


async def test_the_bed_of_a_transfer_is_turned_over_and_others_are_refused_it_until_then(beds):
    event = await admitted(beds, TWIN_1, specialty="surgery")
    await transfer(beds, event.request_id, SINGLE)
    assert [(task["bed_id"], task["kind"]) for task in await cleaning(beds)] == [(TWIN_1, "turnover")]
    other = await admitted(beds, "east/C1/01/2")
    assert (await reserve(beds, other.request_id, TWIN_1)).json()["code"] == "request-not-waiting"
    assert (await transfer(beds, other.request_id, TWIN_1)).json()["code"] == "bed-not-free"


async def test_a_bed_of_an_isolated_patient_is_contaminated_and_no_weaker_cleaning_frees_it(beds):
    await import_beds(beds, ["east,S1,surgery,,09,1,U,mixed,,,any,droplet,"])
    event = await admitted(beds, "east/S1/09/1", specialty="surgery", isolation="droplet")
    await leave(beds, event.request_id)
    assert (await bed(beds, "east/S1/09/1"))["status"] == "K"
    refused = (await clean(beds, "east/S1/09/1", {"kind": "terminal"})).json()
    assert (refused["code"], (await bed(beds, "east/S1/09/1"))["status"]) == ("cleaning-too-weak", "K")
    assert (await clean(beds, "east/S1/09/1", {"kind": "isolation"})).json()["status"] == "U"


@pytest.mark.parametrize("dirty", [False, True])
async def test_an_empty_bed_that_is_found_contaminated_needs_the_strongest_cleaning(beds, dirty):
    if dirty:
        await leave(beds, (await admitted(beds, TWIN_1)).request_id)
    path = f"/beds/{TWIN_1}/contamination"
    assert (await beds.command("POST", path, role="ward-nurse")).json()["status"] == "K"
    assert [task["kind"] for task in await cleaning(beds)] == ["isolation"]
    assert (await clean(beds, TWIN_1, {"kind": "turnover"})).json()["code"] == "cleaning-too-weak"
    assert (await beds.command("POST", path, role="ward-nurse")).json()["code"] == "not-to-contaminate"
    assert (await clean(beds, TWIN_1)).json()["status"] == "U"


async def test_a_bed_that_was_imported_dirty_is_cleaned_without_a_task(beds):
    await import_beds(beds, [SMALL[0].replace("01,1,U", "07,1,H"), SMALL[0].replace("01,1,U", "07,2,K")])
    assert (await clean(beds, "east/C1/07/1")).json()["status"] == "U"
    weak = await clean(beds, "east/C1/07/2", {"kind": "terminal"})
    assert weak.json()["code"] == "cleaning-too-weak"


async def test_cleaning_is_told_from_the_request_to_the_end(beds):
    await leave(beds, (await admitted(beds, TWIN_1)).request_id)
    await clean(beds, TWIN_1)
    said = [event for event in await beds.said() if event.type.startswith("beds.cleaning")]
    assert [(event.type, event.aggregate_version) for event in said] == [
        ("beds.cleaning-requested.v1", 1),
        ("beds.cleaning-done.v1", 2),
    ]
