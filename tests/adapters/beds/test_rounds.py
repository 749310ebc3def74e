"""Bed rounds from end to end, with the optimiser's process: who is proposed, who keeps, who is told why not."""

from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.beds.allocation import handlers as allocation
from services.beds.allocation.agenda import Kind
from services.beds.allocation.optimise import solve
from services.beds.allocation.overdue import Overdue
from services.beds.allocation.rounds import Rounds
from services.beds.allocation.worker import Optimiser
from services.beds.app import SERVICE
from services.beds.scoring import policy_file
from services.beds.scoring.model import Policies
from shared.ids import new_id
from shared.work import Stale
from tests.adapters.beds.wards import (
    SINGLE,
    SMALL,
    TWIN_1,
    TWIN_2,
    accept,
    admitted,
    comes,
    explanation,
    import_beds,
    left,
    reserve,
    said_types,
)

POLICY = policy_file.default()
URGENT = {"triage": 1, "admission_class": "emergency", "source": "emergency"}


async def wanted(service):
    """Since when a round is wanted."""
    async with service.database.work() as work:
        return await allocation.inventory.round_wanted_at(work)


async def rounds(service):
    """Run rounds until nobody wants one; how many that took."""
    for number in range(10):
        if not await service.fire("bed-round"):
            assert await wanted(service) is None
            return number
    raise AssertionError("rounds go on and on")


async def test_a_proposal_is_explained_term_by_term(beds):
    event = await comes(beds)
    assert await wanted(beds) == beds.clock.now()
    assert await rounds(beds) == 1
    proposal = (await explanation(beds, event.request_id))["proposal"]
    assert sum(term["points"] for term in proposal["terms"]) == proposal["score"]
    assert all(term["weight"] * term["value"] == term["points"] for term in proposal["terms"])
    assert {term["name"] for term in proposal["terms"]} >= {"u", "a", "rw", "spec", "campus", "flex"}
    assert (proposal["policy_version"], proposal["gap"]) == (POLICY.version, 0.0)
    assert ({proposal["bed_id"], proposal["runner_up_bed_id"]}, proposal["margin"]) == ({TWIN_1, TWIN_2}, 0.0)


async def test_who_finds_no_bed_is_told_why_and_nothing_is_asked_again(beds):
    event = await comes(beds, isolation="airborne")
    assert await rounds(beds) == 1
    told = await explanation(beds, event.request_id)
    assert told["proposal"] is None
    assert told["unplaced"]["reasons"] == {"isolation": 2, "specialty": 1}
    refused = (await accept(beds, event.request_id)).json()
    assert refused["code"] == "no-proposal"


async def test_the_ranking_shows_urgent_patients_first_with_their_points(beds):
    await comes(beds)
    urgent = await comes(beds, **URGENT)
    ranked = (await beds.get("/requests", role="coordinator")).json()
    assert [(one["rank"], one["tier"]) for one in ranked] == [(1, 0), (2, 1)]
    assert ranked[0]["request"]["request_id"] == str(urgent.request_id)
    assert all(sum(term["points"] for term in one["terms"]) == one["points"] for one in ranked)


async def test_a_proposal_is_kept_while_its_bed_is_free(beds):
    event = await comes(beds)
    await rounds(beds)
    before = (await explanation(beds, event.request_id))["proposal"]
    beds.clock.advance(timedelta(hours=5))
    await comes(beds)
    await rounds(beds)
    assert (await explanation(beds, event.request_id))["proposal"] == before
    assert (await said_types(beds)).count("bed-proposed") == 2


async def test_whoever_comes_too_late_is_told_and_gets_a_new_proposal(beds):
    event = await comes(beds)
    await rounds(beds)
    lost = (await explanation(beds, event.request_id))["proposal"]["bed_id"]
    quicker = await comes(beds)
    await reserve(beds, quicker.request_id, lost)
    assert (await accept(beds, event.request_id)).json()["code"] == "bed-taken"
    await rounds(beds)
    again = (await explanation(beds, event.request_id))["proposal"]["bed_id"]
    assert {lost, again} == {TWIN_1, TWIN_2}
    assert (await accept(beds, event.request_id)).status_code == 201


async def test_a_proposed_bed_does_not_keep_an_urgent_patient_out(beds):
    elective = [await comes(beds), await comes(beds)]
    await rounds(beds)
    urgent = await comes(beds, **URGENT)
    await rounds(beds)
    assert (await explanation(beds, urgent.request_id))["proposal"] is not None
    told = [await explanation(beds, one.request_id) for one in elective]
    assert sorted(one["proposal"] is None for one in told) == [False, True]
    assert next(one["unplaced"]["reasons"]["taken"] for one in told if one["unplaced"]) == 2


async def test_an_urgent_patient_whom_no_proposed_bed_would_suit_moves_nobody(beds):
    elective = await comes(beds)
    await rounds(beds)
    before = await explanation(beds, elective.request_id)
    urgent = await comes(beds, **URGENT, isolation="airborne")
    await rounds(beds)
    assert (await explanation(beds, urgent.request_id))["unplaced"]["tier"] == 0
    assert await explanation(beds, elective.request_id) == before
    assert (await said_types(beds)).count("bed-proposed") == 1


async def test_a_room_is_of_one_sex_from_the_first_proposal_on(beds):
    woman = await comes(beds, sex="F")
    await rounds(beds)
    man = await comes(beds, sex="M")
    await rounds(beds)
    assert (await explanation(beds, woman.request_id))["proposal"]["bed_id"] in (TWIN_1, TWIN_2)
    assert (await explanation(beds, man.request_id))["unplaced"]["reasons"] == {"sex": 2, "specialty": 1}


async def test_a_bed_that_is_cleaned_finds_its_patient_in_the_next_round(beds):
    lie = [await admitted(beds, TWIN_1), await admitted(beds, TWIN_2)]
    waits = await comes(beds)
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["unplaced"]["reasons"] == {"specialty": 1, "status": 2}
    await beds.deliver(left(lie[0], beds.clock.now()))
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["proposal"] is None
    await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["proposal"]["bed_id"] == TWIN_1


async def test_a_ward_in_automatic_mode_accepts_what_is_proposed_there_and_no_other_ward_does(beds):
    before = await comes(beds)
    await rounds(beds)
    mode = await beds.command("PUT", "/wards/east/C1/mode", role="coordinator", body={"auto_accept": True})
    assert mode.json() == {"ward_id": "east/C1", "campus_id": "east", "building": None, "auto_accept": True}
    elsewhere = await comes(beds, specialty="surgery", needs=("telemetry",))
    await rounds(beds)
    phases = [
        (await beds.get(f"/requests/{one.request_id}", role="viewer")).json()["phase"] for one in (before, elsewhere)
    ]
    assert phases == ["reserved", "waiting"]
    assert (await explanation(beds, elsewhere.request_id))["proposal"]["bed_id"] == SINGLE


async def test_who_lies_in_a_bed_is_proposed_no_other(beds):
    patient_id = new_id()
    await admitted(beds, TWIN_1, patient_id=patient_id)
    planned = await comes(beds, patient_id=patient_id)
    await rounds(beds)
    assert await explanation(beds, planned.request_id) == {"proposal": None, "unplaced": None}


async def test_a_hospitals_own_policy_is_the_one_that_scores(run_service, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "ours-1", "weights": {"u": 70}}')
    async with run_service(SERVICE, bed_policy=policy, reservation_hold_seconds=60) as service:
        await import_beds(service, SMALL)
        event = await comes(service)
        await rounds(service)
        proposal = (await explanation(service, event.request_id))["proposal"]
        assert (proposal["policy_version"], proposal["terms"][0]["weight"]) == ("ours-1", 70)
        held_until = (await accept(service, event.request_id)).json()["held_until"]
        assert datetime.fromisoformat(held_until) == service.clock.now() + timedelta(minutes=1)


async def test_of_two_rounds_at_once_the_slower_changes_nothing(beds):
    await comes(beds)
    agendas = []
    for _ in range(2):
        async with beds.database.work() as work:
            agendas.append(await allocation.prepare_round(Kind.EVENT, POLICY, work))
    async with beds.database.work() as work:
        assert await allocation.finish_round(agendas[0], solve(agendas[0].question), {}, work) == 1
    with pytest.raises(Stale):
        async with beds.database.work() as work:
            await allocation.finish_round(agendas[1], solve(agendas[1].question), {}, work)
    assert (await said_types(beds)).count("bed-proposed") == 1


async def test_what_changes_during_a_round_is_left_out_of_it_and_wants_the_next(beds):
    event = await comes(beds)
    async with beds.database.work() as work:
        agenda = await allocation.prepare_round(Kind.EVENT, POLICY, work)
    answer = solve(agenda.question)
    quicker = await comes(beds)
    await reserve(beds, quicker.request_id, answer.assigned[0].bed_id)
    async with beds.database.work() as work:
        assert await allocation.finish_round(agenda, answer, {}, work) == 0
    assert await wanted(beds) is not None
    await rounds(beds)
    assert (await explanation(beds, event.request_id))["proposal"] is not None


async def test_a_round_that_is_lost_is_wanted_still(beds):
    await comes(beds)
    optimiser = Optimiser()
    await optimiser.close()
    overdue = Overdue(CollectorRegistry(), beds.clock)
    lost = Rounds(optimiser, optimiser, Policies((POLICY,)), timedelta(hours=4), overdue)
    assert await lost.run(beds.database, 100) == 0
    assert await wanted(beds) is not None
    assert await rounds(beds) == 1
