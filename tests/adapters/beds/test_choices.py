"""Deciding on beds: choices with a reason and a price, swaps, and every score computed again from what was kept."""

from datetime import timedelta

import pytest

from tests.adapters.beds.test_rounds import POLICY, URGENT, rounds
from tests.adapters.beds.wards import SINGLE, TWIN_1, TWIN_2, accept, admitted, comes, explanation


async def choose(service, *pairs, reason="the patient's wish", **more):
    """A coordinator chooses."""
    body = {"pairs": [{"request_id": str(who), "bed_id": bed} for who, bed in pairs], "reason": reason, **more}
    return await service.command("POST", "/choices", role="coordinator", body=body)


async def decisions(service, **which):
    """What was decided, the latest first."""
    return (await service.get("/decisions", role="viewer", **which)).json()


async def test_a_choice_is_kept_with_its_reason_and_the_next_round_finds_what_it_cost(beds):
    event = await comes(beds, specialty="surgery", needs=("telemetry",))
    await rounds(beds)
    (made,) = (await choose(beds, (event.request_id, TWIN_1), broken_rule="equipment")).json()
    assert (made["kind"], made["decided_by"], made["reason"]) == ("chosen", "tester", "the patient's wish")
    assert (made["broken_rule"], made["proposed_bed_id"], made["cost"]) == ("equipment", SINGLE, None)
    assert made["concessions"][0] == {"rule": "spec", "cost": 27.5 * 0.25}
    await rounds(beds)
    (kept,) = await decisions(beds, request_id=event.request_id)
    assert kept["cost"] == pytest.approx(27.5 * 0.25 + 5)


async def test_two_proposals_are_swapped_in_one_step_or_not_at_all(beds):
    first, second = await comes(beds), await comes(beds)
    await rounds(beds)
    proposed = {one: (await explanation(beds, one.request_id))["proposal"]["bed_id"] for one in (first, second)}
    assert set(proposed.values()) == {TWIN_1, TWIN_2}
    lost = await choose(beds, (first.request_id, proposed[second]), (second.request_id, "east/C9/01/1"))
    assert lost.status_code == 404
    assert await decisions(beds) == []
    swapped = await choose(beds, (first.request_id, proposed[second]), (second.request_id, proposed[first]))
    assert {(one["request_id"], one["bed_id"]) for one in swapped.json()} == {
        (str(first.request_id), proposed[second]),
        (str(second.request_id), proposed[first]),
    }
    await rounds(beds)
    assert [one["cost"] for one in await decisions(beds)] == [0.0, 0.0]


async def test_a_choice_passes_over_no_rule_but_the_one_it_names(beds):
    event = await comes(beds, specialty="surgery", needs=("telemetry",), isolation="contact")
    silent = await choose(beds, (event.request_id, TWIN_1))
    assert silent.json()["code"] == "hard-rule-broken"
    other = await choose(beds, (event.request_id, TWIN_1), broken_rule="equipment")
    assert other.json()["code"] == "another-rule-is-broken"
    twice = await choose(beds, (event.request_id, TWIN_1), (event.request_id, TWIN_2))
    assert twice.json()["code"] == "chosen-twice"
    assert await decisions(beds) == []


async def test_every_decided_score_is_computed_again_from_stored_rows(beds):
    for number in range(2):
        await comes(beds, rw=None if number else 2.5, requested_at=beds.clock.now() - timedelta(hours=7 * number))
    await rounds(beds)
    for proposal in (await beds.get("/proposals", role="coordinator")).json():
        assert (await accept(beds, proposal["request_id"])).status_code == 201
    for decision in await decisions(beds):
        audit = (await beds.get(f"/decisions/{decision['decision_no']}/score", role="back-office")).json()
        assert audit["recomputed"] == audit["score"] == sum(term["points"] for term in decision["terms"])
        assert audit["policy"]["version"] == POLICY.version
    assert len(await decisions(beds)) == 2


async def test_the_runners_up_and_who_holds_the_other_beds_are_named(beds):
    lies = await admitted(beds, TWIN_2)
    has, waits = await comes(beds, rw=4.0), await comes(beds)
    await rounds(beds)
    proposal = (await explanation(beds, has.request_id))["proposal"]
    assert (proposal["bed_id"], proposal["rival_request_id"]) == (TWIN_1, str(waits.request_id))
    assert proposal["rival_margin"] > 0
    found = (await beds.get(f"/requests/{waits.request_id}/beds", role="coordinator")).json()
    assert {(one["bed_id"], one["held_by"], one["holder_id"]) for one in found} == {
        (TWIN_1, "proposal", str(has.request_id)),
        (TWIN_2, "stay", str(lies.request_id)),
    }


async def test_the_longest_wait_of_each_urgency_is_told_and_measured(beds):
    await comes(beds, requested_at=beds.clock.now() - timedelta(days=180))
    await comes(beds, **URGENT)
    await rounds(beds)
    told = (await beds.get("/requests/longest-waits", role="coordinator")).json()
    assert [(one["urgency"], one["waiting"], one["overdue"], one["ratio"]) for one in told] == [
        ("L1", 1, 0, 0.0),
        ("B", 1, 1, 2.0),
    ]
    metrics = (await beds.client.get("/metrics")).text
    assert 'journey_bed_wait_ratio{urgency="B"} 2.0' in metrics
    beds.clock.advance(timedelta(hours=2))
    assert 'journey_bed_wait_ratio{urgency="L1"} 2.0' in (await beds.client.get("/metrics")).text
    (latest, *_) = (await beds.get("/rounds", role="viewer")).json()
    assert latest["longest_waits"] == {"L1": 0.0, "B": 2.0}
