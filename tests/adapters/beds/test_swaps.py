"""Two patients exchange their beds: one instant, both hard rules, whatever each move alone would say."""

import asyncio

import pytest

from tests.adapters.beds.wards import (
    SINGLE,
    SMALL,
    TWIN_1,
    TWIN_2,
    admitted,
    bed,
    comes,
    import_beds,
    leave,
    reserve,
    swap,
    take_back,
    transfer,
)

SECOND_ROOM = [line.replace("C1,cardiology,surgery,01", "C1,cardiology,surgery,02") for line in SMALL[:2]]
OTHER_1, OTHER_2 = "east/C1/02/1", "east/C1/02/2"


async def test_a_swap_across_wards_says_both_moves_with_one_swap_id(beds):
    one = await admitted(beds, TWIN_1, specialty="surgery")
    other = await admitted(beds, SINGLE, specialty="surgery")
    answer = (await swap(beds, one.request_id, other.request_id)).json()
    assert [(stay["bed_id"], stay["ward_id"]) for stay in answer] == [(SINGLE, "east/S1"), (TWIN_1, "east/C1")]
    moves = [event for event in await beds.said() if event.type == "beds.patient-transferred.v1"]
    assert len({move.swap_id for move in moves}) == 1
    assert {(move.patient_id, move.bed_id) for move in moves} == {(one.patient_id, SINGLE), (other.patient_id, TWIN_1)}
    shown = [await bed(beds, bed_id) for bed_id in (SINGLE, TWIN_1)]
    assert [(state["status"], state["patient_id"]) for state in shown] == [
        ("O", str(one.patient_id)),
        ("O", str(other.patient_id)),
    ]
    assert (await take_back(beds, one.request_id, "transfer")).json()["code"] == "no-transfer-to-cancel"


async def test_a_swap_that_only_both_moves_together_make_right_passes(beds):
    await import_beds(beds, SECOND_ROOM)
    woman, man = await admitted(beds, TWIN_1, sex="F"), await admitted(beds, OTHER_1, sex="M")
    assert (await transfer(beds, woman.request_id, OTHER_2)).json()["code"] == "hard-rule-broken"
    assert (await swap(beds, woman.request_id, man.request_id)).status_code == 200
    assert [(await bed(beds, one))["patient_id"] for one in (TWIN_1, OTHER_1)] == [
        str(man.patient_id),
        str(woman.patient_id),
    ]


async def test_a_swap_that_would_mix_a_single_sex_room_is_refused_and_changes_nothing(beds):
    await import_beds(beds, SECOND_ROOM)
    woman, man = await admitted(beds, TWIN_1, sex="F"), await admitted(beds, OTHER_1, sex="M")
    await admitted(beds, TWIN_2, sex="F")
    before = len(await beds.said())
    assert (await swap(beds, woman.request_id, man.request_id)).json()["code"] == "hard-rule-broken"
    assert len(await beds.said()) == before
    overridden = await swap(beds, woman.request_id, man.request_id, override="fire in the other ward")
    assert [stay["overridden_rule"] for stay in overridden.json()] == [None, "sex"]


async def test_a_swap_into_a_room_for_another_isolation_is_refused(beds):
    await import_beds(beds, ["east,S1,surgery,,09,1,U,mixed,,,any,droplet,"])
    ill = await admitted(beds, "east/S1/09/1", specialty="surgery", isolation="droplet")
    other = await admitted(beds, SINGLE, specialty="surgery")
    assert (await swap(beds, ill.request_id, other.request_id)).json()["code"] == "hard-rule-broken"


@pytest.mark.parametrize("other", ["reserved", "itself"])
async def test_only_two_patients_who_lie_in_beds_swap(beds, other):
    one, waits = await admitted(beds, TWIN_1), await comes(beds)
    await reserve(beds, waits.request_id, TWIN_2)
    partner = one if other == "itself" else waits
    code = (await swap(beds, one.request_id, partner.request_id)).json()["code"]
    assert code == ("same-stay" if other == "itself" else "not-admitted")


async def test_swaps_transfers_leavings_and_admissions_on_the_same_beds_at_once_end_without_a_fault(beds):
    await import_beds(beds, [*SECOND_ROOM, "east,C1,cardiology,,03,1,U,mixed,,,adult,none,"])
    people = [await admitted(beds, place, sex="F") for place in (TWIN_1, TWIN_2, OTHER_1, OTHER_2)]
    ids = [event.request_id for event in people]
    waits = await comes(beds)
    for _ in range(3):
        answers = await asyncio.gather(
            swap(beds, ids[0], ids[1]),
            swap(beds, ids[1], ids[0]),
            swap(beds, ids[2], ids[1]),
            swap(beds, ids[3], ids[0]),
            transfer(beds, ids[3], "east/C1/03/1"),
            transfer(beds, ids[0], "east/C1/03/1"),
            take_back(beds, ids[0], "transfer"),
            reserve(beds, waits.request_id, "east/C1/03/1"),
            leave(beds, ids[2]),
            take_back(beds, ids[2], "leave"),
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert {answer.json().get("code") for answer in answers if answer.status_code == 409}.isdisjoint({"stale"})
    wrong = "SELECT 1 FROM bed JOIN stay USING (stay_id) WHERE bed.bed_id <> stay.bed_id"
    assert await beds.sql(wrong) == []
    assert await beds.sql("SELECT count(*) FROM bed_use WHERE upper_inf(during)") == await beds.sql(
        "SELECT count(*) FROM stay WHERE phase IN ('admitted', 'reserved')"
    )


async def test_both_beds_stood_occupied_by_their_own_patient_until_the_swap(beds):
    one = await admitted(beds, TWIN_1, specialty="surgery")
    other = await admitted(beds, SINGLE, specialty="surgery")
    await swap(beds, one.request_id, other.request_id)
    periods = "SELECT bed_id, p.stay_id, followed_by FROM bed_period p JOIN bed USING (bed_no) WHERE p.status = 'O'"
    stood = await beds.sql(periods)
    assert {tuple(period.values()) for period in stood} == {
        (TWIN_1, one.request_id, "O"),
        (SINGLE, other.request_id, "O"),
    }
    assert await beds.sql("SELECT FROM bed_period WHERE status = 'H'") == []
