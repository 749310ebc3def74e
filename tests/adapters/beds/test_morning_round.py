"""The morning round: beds that are soon free, what becomes of such proposals, and rounds that are improved."""

from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry

from services.beds.allocation import handlers as allocation
from services.beds.allocation.agenda import Kind
from services.beds.allocation.model import AT_ONCE, THOROUGH
from services.beds.allocation.optimise import solve
from services.beds.allocation.overdue import Overdue
from services.beds.allocation.rounds import Rounds
from services.beds.scoring.model import Policies
from tests.adapters.beds.test_rounds import POLICY, rounds
from tests.adapters.beds.wards import TWIN_1, TWIN_2, accept, admitted, comes, explanation, left, said_types


async def full(service):
    """Two women lie in the cardiology room: one leaves tomorrow, one in nine days."""
    return await admitted(service, TWIN_1, expected_days=1), await admitted(service, TWIN_2, expected_days=9)


async def test_a_morning_round_proposes_a_bed_from_the_time_it_is_expected_free(beds):
    leaving, _ = await full(beds)
    waits = await comes(beds)
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["proposal"] is None
    beds.clock.advance(timedelta(hours=19))
    assert await beds.fire("morning-round") == 1
    proposal = (await explanation(beds, waits.request_id))["proposal"]
    assert (proposal["bed_id"], proposal["available_from"]) == (TWIN_1, "2026-03-03T14:00:00Z")
    assert proposal["concessions"][-1]["rule"] in {"delay", "flex", "los"}
    early = (await accept(beds, waits.request_id)).json()
    assert early["code"] == "bed-not-free-yet"

    await comes(beds, specialty="surgery")
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["proposal"] == proposal

    await beds.deliver(left(leaving, beds.clock.now()))
    await beds.command("POST", f"/beds/{TWIN_1}/cleaned", role="ward-nurse")
    await rounds(beds)
    assert (await explanation(beds, waits.request_id))["proposal"]["available_from"] is None
    assert (await accept(beds, waits.request_id)).status_code == 201


async def test_the_morning_round_is_due_once_a_day_while_anybody_waits_and_whenever_it_is_asked_for(beds):
    async def due():
        async with beds.database.work() as work:
            return await allocation.next_morning_round(Policies((POLICY,)), work)

    assert await due() is None
    await comes(beds, isolation="airborne")
    assert (await due()).isoformat() == "2026-03-03T07:00:00+08:00"
    asked = await beds.command("POST", "/rounds", role="coordinator")
    assert (asked.status_code, asked.json()) == (202, {"kind": "morning"})
    assert await due() == beds.clock.now()
    await beds.fire("morning-round")
    assert (await due()).isoformat() == "2026-03-03T07:00:00+08:00"
    (latest, *_) = (await beds.get("/rounds", role="viewer", kind="morning")).json()
    assert (latest["waiting"], latest["placed"], latest["gap"]) == (1, 0, 0.0)


class HalfSolved:
    """An optimiser that leaves the best out, as repair does where rooms are many: everybody but the first."""

    def __init__(self) -> None:
        self.efforts = []

    async def solve(self, question, effort=AT_ONCE):
        """The whole answer only to who has time."""
        self.efforts.append(effort)
        if effort == THOROUGH:
            return solve(question, effort)
        best = solve(question)
        part = replace(question, waiting=question.waiting[1:])
        return replace(solve(part), bound=best.bound)


async def test_a_round_that_leaves_much_open_is_improved_beside_the_others(beds):
    events = [await comes(beds), await comes(beds)]
    optimiser = HalfSolved()
    run = Rounds(
        optimiser, optimiser, Policies((POLICY,)), timedelta(hours=4), Overdue(CollectorRegistry(), beds.clock)
    )
    assert await run.run(beds.database, 100) == 1
    await run.improved()
    assert optimiser.efforts == [AT_ONCE, THOROUGH]
    assert {(await explanation(beds, one.request_id))["proposal"]["bed_id"] for one in events} == {TWIN_1, TWIN_2}
    assert [one["kind"] for one in (await beds.get("/rounds", role="viewer", limit=2)).json()] == ["thorough", "event"]
    assert (await said_types(beds)).count("bed-proposed") == 2


async def test_what_an_improvement_proposes_in_an_automatic_ward_is_accepted(beds):
    await beds.command("PUT", "/wards/east/C1/mode", role="coordinator", body={"auto_accept": True})
    events = [await comes(beds), await comes(beds)]
    optimiser = HalfSolved()
    run = Rounds(
        optimiser, optimiser, Policies((POLICY,)), timedelta(hours=4), Overdue(CollectorRegistry(), beds.clock)
    )
    await run.run(beds.database, 100)
    await run.improved()
    phases = [(await beds.get(f"/requests/{one.request_id}", role="viewer")).json()["phase"] for one in events]
    assert phases == ["reserved", "reserved"]
    kinds = {one["kind"] for one in (await beds.get("/decisions", role="viewer")).json()}
    assert kinds == {"automatic"}


async def test_an_improvement_that_another_round_has_overtaken_changes_nothing(beds):
    await comes(beds)
    async with beds.database.work() as work:
        asked = await allocation.prepare_round(Kind.EVENT, POLICY, work)
    await rounds(beds)
    await comes(beds)
    await rounds(beds)
    before = (await beds.get("/proposals", role="viewer")).json()
    optimiser = HalfSolved()
    run = Rounds(
        optimiser, optimiser, Policies((POLICY,)), timedelta(hours=4), Overdue(CollectorRegistry(), beds.clock)
    )
    worse = replace(solve(asked.question), achieved=0.0)
    run._improve(beds.database, asked, worse)
    await run.improved()
    assert (await beds.get("/proposals", role="viewer")).json() == before


async def test_a_round_on_trial_says_what_it_would_and_writes_nothing(beds):
    would = {
        "specialty": "cardiology", "campus_id": "east", "sex": "F", "age_years": 50, "admission_class": "B",
        "department_cmi": 1.0, "expected_days": 4,
    }  # fmt: skip
    body = {"requests": [{"id": "one", **would}, {"id": "two", **would, "isolation": "airborne"}]}
    answer = (await beds.client.post("/rounds/trial", json=body, headers=beds.headers("coordinator"))).json()
    assert [(one["id"], one["free_in_hours"]) for one in answer["placed"]] == [("one", 0.0)]
    assert [(one["id"], one["reasons"]) for one in answer["unplaced"]] == [("two", {"isolation": 2, "specialty": 1})]
    assert (await beds.get("/proposals", role="viewer")).json() == []
    wrong = {"requests": [{"id": "one", **would, "admission_class": "emergency"}]}
    refused = await beds.client.post("/rounds/trial", json=wrong, headers=beds.headers("coordinator"))
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "requests: triage")
