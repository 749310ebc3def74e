"""The checker names what is wrong in evidence that is made up for it, and finds nothing in what is right.

That it also catches whole bugs in a running suite is in `test_faults.py`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import Range

from tests.chaos.checker import check, compare
from tests.chaos.evidence import Evidence
from tests.chaos.history import Answer, Command
from tests.chaos.records import Bad, Said

NINE, TEN, ELEVEN = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 10, 11))
DAY = timedelta(days=1)
SLOT = {"session_id": "s", "starts_at": NINE, "capacity": 2, "booked": 2}
PLACE = {"session_id": "s", "slot_starts_at": NINE, "status": "booked"}
PEOPLE = [{**PLACE, "appointment_id": n, "ordinal": n, "patient_id": f"p{n}", "version": 0} for n in (1, 2, 3)]
BED = {"bed_id": "b", "bed_no": 1, "status": "O", "stay_id": 1, "version": 1}
LIES = {"phase": "admitted", "version": 1}
REPORTED = "registration.patient-registered.v1"


def wrong(evidence):
    """The numbers of the invariants that it breaks, and the words."""
    found = check(evidence)
    return {one.invariant for one in found}, " ".join(one.what for one in found)


def rows(service, **tables):
    """Evidence of some tables of one service."""
    return Evidence(rows={service: tables})


def command(**changes):
    """A registration that was acknowledged."""
    kept = Command("register", "registration", "POST", "/holds", "front-desk", b"{}", "key-1", 1.0, answered_at=2.0)
    kept.answers.append(Answer(201, b'{"session_id": "s", "slot_starts_at": "x", "ordinal": 1}'))
    return replace(kept, **changes)


def remembered(one):
    """The row that a service keeps of a command."""
    return {"key": one.key, "body_hash": one.body_hash, "status": 201}


def said(version, offset, **changes):
    """An event of one patient."""
    event = Said("registration-events", 0, offset, UUID(int=offset), REPORTED, "registration:patient/1", version, "")
    return replace(event, **changes)


def test_nothing_is_wrong_where_nothing_happened():
    assert check(Evidence()) == []


def test_a_slot_with_more_live_appointments_than_places_is_oversold():
    numbers, words = wrong(rows("registration", slot=[SLOT], appointment=PEOPLE))
    assert 1 in numbers
    assert "2 places and 3 live appointments" in words


def test_an_ordinal_given_out_twice_is_named():
    twice = [PEOPLE[0], {**PEOPLE[1], "ordinal": 1}]
    assert "gave out ordinal 1 2 times" in wrong(rows("registration", slot=[SLOT], appointment=twice))[1]


def test_a_patient_with_two_live_appointments_in_a_session_is_named():
    twins = [PEOPLE[0], {**PEOPLE[1], "patient_id": "p1"}]
    assert "patient p1 has 2 live appointments" in wrong(rows("registration", slot=[SLOT], appointment=twins))[1]


ENTRY = {
    "entry_id": "e", "patient_id": "p9", "clinic_id": "c", "session_id": "s", "earliest_on": NINE.date(),
    "latest_on": NINE.date(), "status": "waiting", "appointment_id": None, "offered_until": None, "version": 0,
}  # fmt: skip
HELD = {**PEOPLE[0], "patient_id": "p9", "status": "held", "held_until": TEN, "booked_at": None}
OFFERED = {**ENTRY, "status": "offered", "appointment_id": 1, "offered_until": TEN}


def waitlist(*entries, booked=1, now=NINE):
    """Evidence of a waitlist, of a slot a day ahead with a place held, and of what time it is."""
    slot = {**SLOT, "starts_at": NINE + DAY, "booked": booked, "clinic_id": "c"}
    session = {"session_id": "s", "session_on": NINE.date(), "places": 2, "version": 1}
    tables = {"slot": [slot], "session": [session], "waitlist_entry": list(entries), "appointment": [HELD]}
    return replace(rows("registration", **tables), now=now)


def test_a_place_that_is_offered_to_two_is_named():
    assert "was offered to 2 entries" in wrong(waitlist(OFFERED, {**OFFERED, "entry_id": "f"}))[1]


def test_an_offer_without_its_hold_and_an_acceptance_without_a_booking_are_named():
    assert "no place is held for it" not in wrong(waitlist(OFFERED))[1]
    assert "no place is held for it" in wrong(waitlist({**OFFERED, "offered_until": NINE}))[1]
    assert "never booked" in wrong(waitlist({**OFFERED, "status": "accepted"}))[1]


def test_a_place_that_rots_while_somebody_waits_is_named():
    waiting = {**ENTRY, "patient_id": "p8"}
    numbers, words = wrong(waitlist(waiting))
    assert 1 in numbers
    assert "has a free place while waitlist entry e waits for it" in words
    for fine in (waitlist(waiting, booked=2), waitlist(waiting, now=NINE + DAY), waitlist(ENTRY)):
        assert "has a free place" not in wrong(fine)[1]


def test_an_acknowledged_command_that_nobody_remembers_is_lost():
    numbers, words = wrong(Evidence(asked=[command()]))
    assert 2 in numbers
    assert "it is lost" in words


def test_a_command_that_nobody_sent_is_named():
    assert 2 in wrong(rows("registration", command=[remembered(command())]))[0]


def test_a_command_without_an_answer_was_never_resolved():
    assert "never resolved" in wrong(Evidence(asked=[command(answers=[])]))[1]


def test_an_answer_that_tells_a_client_nothing_is_named():
    numbers, words = wrong(Evidence(asked=[command(unfit=[500])]))
    assert 2 in numbers
    assert "was answered 500, which tells neither what has happened nor to ask again" in words


def test_two_answers_under_one_key_are_a_violation():
    one = command(path="/patients", answers=[Answer(201, b"{}"), Answer(201, b'{"other": 1}')])
    assert 3 in wrong(Evidence(recent=[one]))[0]


def test_another_body_under_a_known_key_has_to_be_refused():
    one = command(other_body=[Answer(201, b"{}")])
    assert 3 in wrong(Evidence(recent=[one]))[0]


def test_who_was_answered_before_another_asked_comes_first():
    body = b'{"session_id": "s", "slot_starts_at": "x", "ordinal": 2}'
    early, late = command(answers=[Answer(201, body)]), command(name="late", sent_at=3.0, answered_at=4.0)
    assert 4 in wrong(Evidence(recent=[early, late]))[0]
    assert 4 not in wrong(Evidence(recent=[early, replace(late, sent_at=1.5)]))[0]


def test_two_patients_in_one_bed_at_once_are_named():
    uses = [
        {"bed_no": 1, "patient_id": n, "stay_id": n, "during": Range(start, end)}
        for n, start, end in ((1, NINE, ELEVEN), (2, TEN, TEN.replace(hour=12)))
    ]
    assert 5 in wrong(rows("beds", bed_use=uses))[0]
    uses[1]["during"] = Range(ELEVEN, TEN.replace(hour=12))
    assert check(rows("beds", bed_use=uses)) == []


def test_nobody_lies_in_a_closed_bed():
    assert "bed b is closed and has stay 1" in wrong(rows("beds", bed=[{**BED, "status": "C"}]))[1]


def test_half_a_swap_is_named_by_who_holds_and_who_uses_the_beds():
    stays = [{**LIES, "stay_id": n, "bed_id": bed} for n, bed in ((1, "b"), (2, "c"))]
    beds = [{**BED, "stay_id": 2}, {**BED, "bed_id": "c", "bed_no": 2, "stay_id": 1}]
    uses = [{"bed_no": n, "patient_id": n, "stay_id": n, "during": Range(NINE, None)} for n in (1, 2)]
    numbers, words = wrong(rows("beds", bed=beds, bed_use=uses, stay=stays))
    assert 5 in numbers
    assert "held and not used, or used and not held" in words
    assert "stay 1 says bed b and lies in c" in words


def test_a_dirty_bed_that_nobody_is_asked_to_clean_or_two_are_is_named():
    dirty = {**BED, "status": "H", "stay_id": None}
    assert "bed b is dirty and nobody is asked" in wrong(rows("beds", bed=[dirty]))[1]
    task = {"bed_id": "b", "task_id": 1, "done_at": None, "cancelled_at": None, "version": 1}
    twice = rows("beds", bed=[dirty], cleaning_task=[task, {**task, "task_id": 2}])
    assert "bed b is to be cleaned 2 times" in wrong(twice)[1]


@pytest.mark.parametrize(
    ("account", "plans", "words"),
    [
        ({"state": "open", "admission_cancelled_at": NINE}, [], "says that the admission was cancelled"),
        ({"state": "left", "admission_cancelled_at": None}, [], "its account says that the patient has left"),
        ({"state": "open", "admission_cancelled_at": None}, [{"status": "active"}], "is followed up"),
    ],
)
def test_what_beds_has_taken_back_and_others_have_not_is_named(account, plans, words):
    followed = [
        {"plan_id": 1, "stay_id": 1, "version": 0, "steps": [], "occurrences": [], "next_step": 1, **plan}
        | {"closed_at": None, "next_due_at": None}
        for plan in plans
    ]
    evidence = Evidence(
        rows={
            "beds": {"stay": [{**LIES, "stay_id": 1, "bed_id": "b"}]},
            "discharge": {"account": [{"stay_id": 1, "version": 0, **account}]},
            "followup": {"plan": followed},
        }
    )
    numbers, found = wrong(evidence)
    assert 11 in numbers
    assert words in found


def test_an_account_that_has_not_heard_of_a_cancelled_admission_is_named():
    given_up = {**LIES, "stay_id": 1, "bed_id": "b", "phase": "expired"}
    evidence = Evidence(
        rows={
            "beds": {"stay": [given_up], "stay_change": [{"stay_id": 1, "change": "admission-cancelled"}]},
            "discharge": {"account": [{"stay_id": 1, "state": "open", "admission_cancelled_at": None, "version": 0}]},
        }
    )
    assert "was cancelled and its account does not say so" in wrong(evidence)[1]


def test_a_journal_out_of_balance_is_named_to_the_fen():
    entries = [{"journal_id": 1, "debit_fen": 5, "credit_fen": 0}, {"journal_id": 1, "debit_fen": 0, "credit_fen": 4}]
    numbers, words = wrong(rows("discharge", journal_entry=entries))
    assert numbers == {6}
    assert "1 fen out of balance" in words


def test_what_only_the_centre_has_settled_is_named():
    alone = {"state": "standing", "msgid": "m", "mdtrt_id": "v", "medfee_fen": 1, "fund_fen": 1}
    assert 6 in wrong(rows("simulator", settlement=[alone]))[0]


@pytest.mark.parametrize("left", [[said(1, 0), said(3, 1)], [said(2, 0)]])
def test_a_gap_in_the_versions_said_is_a_lost_event(left):
    assert "events are lost" in wrong(Evidence(said=left))[1]


def test_a_row_that_waits_in_the_outbox_for_ever_is_named():
    assert 7 in wrong(rows("beds", outbox=[{}]))[0]


def test_an_event_of_what_does_not_exist_is_a_ghost():
    assert "is a ghost" in wrong(Evidence(said=[said(1, 0)]))[1]


def test_an_event_that_a_consumer_never_took_is_named():
    assert "discharge has never taken" in wrong(Evidence(said=[said(1, 0)]))[1]


def test_versions_of_an_aggregate_in_the_wrong_order_are_named():
    assert "stands behind version 2" in wrong(Evidence(said=[said(2, 0), said(1, 1)]))[1]


def test_a_task_an_occurrence_and_none_after_the_end_of_the_plan():
    task = {"task_id": 1, "plan_id": 1, "step": "day-2", "occurrence": 1, "status": "ready"}
    assert 9 in wrong(rows("followup", task=[task, {**task, "task_id": 2}]))[0]
    plan = {"plan_id": 1, "stay_id": 1, "version": 0, "steps": [], "occurrences": [], "next_step": 1}
    ended = {**plan, "status": "revoked", "closed_at": NINE, "next_due_at": None}
    late = [{"attempt_id": 1, "task_id": 1, "attempted_at": TEN}]
    assert 9 in wrong(rows("followup", task=[task], plan=[ended], attempt=late))[0]


def test_a_step_of_a_running_plan_with_only_the_task_of_an_undone_leaving_is_named():
    plan = {"plan_id": 1, "stay_id": 1, "version": 0, "steps": ["day-2"], "occurrences": [1], "next_step": 2}
    running = {**plan, "status": "active", "closed_at": None, "next_due_at": None}
    task = {"task_id": 1, "plan_id": 1, "step": "day-2", "occurrence": 1, "status": "cancelled", "reason": "readmitted"}
    assert 9 in wrong(rows("followup", task=[task], plan=[running]))[0]
    assert 9 not in wrong(rows("followup", task=[{**task, "reason": "stale"}], plan=[running]))[0]


def test_a_bad_record_that_nobody_parked_and_a_good_one_that_somebody_did_are_named():
    bad = Bad("poison-event", "registration-events", 0, 7, ("beds",))
    assert "has not parked poison-event at registration-events[0]@7" in wrong(Evidence(bad=[bad]))[1]
    row = {"topic": "t", "partition": 0, "offset": 1, "type": "x", "aggregate": "a", "reason": "ValueError"}
    assert "which was no poison" in wrong(rows("beds", parked=[row]))[1]


def test_a_patient_who_has_left_needs_a_free_bed_a_settlement_and_a_plan():
    _, words = wrong(rows("discharge", account=[{"stay_id": 1, "state": "left", "version": 0}]))
    assert all(part in words for part in ("beds says None", "not settled", "no plan"))


@pytest.mark.parametrize("after", [{"beds.stay": "a", "beds.bed": "c"}, {"beds.stay": "a"}])
def test_a_state_that_a_replay_or_a_restore_has_changed_is_named_by_its_table(after):
    (violation,) = compare({"beds.stay": "a", "beds.bed": "b"}, after, "after it")
    assert (violation.invariant, violation.what) == (12, "beds.bed is not what it was after it")


@pytest.mark.parametrize(
    ("phase", "ended", "words"), [("admitted", None, "called"), ("waiting", "admitted", "not called")]
)
def test_whoever_waits_is_called_and_nobody_else(phase, ended, words):
    evidence = Evidence(
        rows={
            "beds": {"admission_request": [{"request_id": "r", "phase": phase}]},
            "followup": {"call_schedule": [{"request_id": "r", "end_reason": ended}]},
        }
    )
    assert wrong(evidence) == ({11}, f"request r is {phase} and {words}")
