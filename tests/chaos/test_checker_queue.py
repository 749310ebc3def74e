"""The checker names what is wrong with a queue in a history made up for it, and finds nothing in what is right."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Evidence
from tests.chaos.history import Answer, Command
from tests.chaos.records import Said

NINE, TEN = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
SITTING = "s"
CALLED, SKIPPED = "registration.patient-called.v1", "registration.patient-skipped.v1"


def ticket(patient, status, version, told, **fields):
    """The row of somebody's ticket."""
    row = {
        "appointment_id": patient, "session_id": SITTING, "number": 1, "ordinal": 1, "turn_at": NINE, "late": False,
        "status": status, "desk": "1" if status == "called" else None, "told": told, "version": version,
    }  # fmt: skip
    return {**row, **fields}


class History:
    """What clients were granted in a sitting, one a second unless told otherwise, and the events of it."""

    def __init__(self):
        self.asked, self.said, self.at = [], [], 0.0

    def do(self, word, patient, version=0, desk=None, *, times=None, status=200, **fields):
        """A command about a ticket, with its answer; and its event, if it tells one."""
        sent, answered = times or (self.at + 0.1, self.at + 0.9)
        self.at = max(self.at, answered)
        about = f"/sessions/{SITTING}" if word == "calls" else f"/queue/{patient}"
        path = f"/appointments/{patient}/{word}" if word in {"arrival", "completion"} else f"{about}/{word}"
        key = f"key {len(self.asked)}"
        name = f"{word} {patient} {desk or ''}".strip()
        one = Command(name, "registration", "POST", path, "front-desk", b"", key, sent, answered_at=answered)
        body = {"appointment_id": patient, "session_id": SITTING, "version": version, "desk": desk, **fields}
        one.answers.append(Answer(status, json.dumps(body).encode()))
        self.asked.append(one)
        if word in {"calls", "recall", "skip", "return"} and status == 200:
            kind = SKIPPED if word == "skip" else CALLED
            told = 1 + sum(one.aggregate.endswith(f"/{patient}") for one in self.said)
            where = len(self.said)
            aggregate = f"registration:queue-ticket/{patient}"
            cause = f"command:{key}"
            said = Said("registration-events", 0, where, UUID(int=where), kind, aggregate, told, cause)
            self.said.append(said)
        return self

    def evidence(self, *tickets, calls=None, appointments=None):
        """Evidence of it, with these tickets at the end."""
        made = sum(one.path.endswith("/calls") and one.acknowledged for one in self.asked)
        queue = {"session_id": SITTING, "numbers": len(tickets), "calls": made if calls is None else calls}
        kept = [{"key": one.key, "body_hash": one.body_hash, "status": 200} for one in self.asked]
        tables = {"queue_ticket": tickets, "session_queue": [queue], "command": kept, "appointment": appointments or []}
        return Evidence(rows={"registration": tables}, asked=self.asked, recent=self.asked, said=self.said)


def wrong(evidence):
    """Numbers and words, but for those of consumers that nobody made up anything for, and of appointments made up."""
    found = [one for one in check(evidence) if one.invariant != 8]
    return [(one.invariant, one.what) for one in found if "appointment_id" not in one.what]


def whole_day():
    """One patient is called again, skipped, called, seen, and back with results; another has gone when called."""
    history = History().do("arrival", "a").do("arrival", "b")
    history.do("calls", "a", 2, "1").do("recall", "a", 3, "1").do("skip", "a", 4)
    history.do("calls", "b", 2, "2").do("no-show", "b", 3)
    history.do("calls", "a", 5, "2").do("completion", "a").do("return", "a", 7).do("calls", "a", 8, "1")
    return history.do("end", "a", 9)


A, B = ticket("a", "seen", 9, 6), ticket("b", "missed", 3, 1, number=2, ordinal=2)


def test_nothing_is_wrong_with_a_day_as_it_should_be():
    assert wrong(whole_day().evidence(A, B)) == []


def test_a_patient_whom_two_desks_call_is_named():
    history = History().do("arrival", "a")
    history.do("calls", "a", 2, "1", times=(2.0, 2.4)).do("calls", "a", 2, "2", times=(2.1, 2.5))
    found = wrong(history.evidence(ticket("a", "called", 2, 1)))
    assert (2, "calls a 1 and calls a 2 both made version 2 of ticket a") in found
    assert (2, "calls a 2 was granted for ticket a when it was called") in found


def test_a_desk_with_two_patients_is_named_by_what_is_kept_and_by_what_was_told():
    history = History().do("arrival", "a").do("arrival", "b").do("calls", "a", 2, "1").do("calls", "b", 2, "1")
    rows = ticket("a", "called", 2, 1), ticket("b", "called", 2, 1, number=2, ordinal=2)
    found = wrong(history.evidence(*rows))
    assert (1, "desk 1 of sitting s has 2 patients called") in found
    history.do("skip", "a", 3).do("skip", "b", 3)
    rows = [{**row, "status": "waiting", "desk": None, "told": 2, "version": 3} for row in rows]
    assert wrong(history.evidence(*rows)) == [(1, "desk 1 of sitting s has two calls at once: calls a 1 and calls b 1")]


def test_a_desk_that_is_free_again_may_call_at_the_same_moment():
    history = History().do("arrival", "a").do("arrival", "b").do("calls", "a", 2, "1")
    history.do("no-show", "a", 3, times=(4.0, 4.9)).do("calls", "b", 2, "1", times=(4.1, 4.8))
    assert wrong(history.evidence(ticket("a", "missed", 3, 1), ticket("b", "called", 2, 1, number=2, ordinal=2))) == []


def test_a_no_show_of_somebody_who_was_skipped_is_named():
    history = History().do("arrival", "a").do("calls", "a", 2, "1").do("skip", "a", 3).do("no-show", "a", 4)
    assert wrong(history.evidence(ticket("a", "missed", 4, 2))) == [
        (2, "no-show a was granted for ticket a when it was waiting")
    ]


def test_a_recall_to_another_desk_is_named():
    history = History().do("arrival", "a").do("calls", "a", 2, "1").do("recall", "a", 3, "2")
    assert (2, "recall a 2 was granted for ticket a when it was called") in wrong(
        history.evidence(ticket("a", "called", 3, 2, desk="2"))
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"version": 8}, "ticket a has version 8 and 8 commands about it were acknowledged"),
        ({"told": 7}, "ticket a has said 7 events and 6 commands that say one were acknowledged"),
        ({"status": "waiting"}, "ticket a is waiting and the last that was acknowledged made it seen"),
    ],
)
def test_a_ticket_that_has_lived_through_more_or_less_than_was_acknowledged_is_named(row, words):
    assert (2, words) in wrong(whole_day().evidence({**A, **row}, B))


def test_an_acknowledged_check_in_that_left_no_ticket_and_one_twice_are_named():
    history = History().do("arrival", "a").do("arrival", "a")
    found = wrong(history.evidence(ticket("a", "waiting", 1, 0)))
    assert found == [(2, "ticket a is of one patient and 2 times somebody was checked in")]
    assert (2, "commands about ticket a were acknowledged and it does not exist") in wrong(history.evidence())


@pytest.mark.parametrize(
    ("status", "tickets", "words"),
    [
        ("arrived", [], "appointment a has checked in and is in no queue"),
        ("arrived", [ticket("a", "missed", 2, 0)], "appointment a is arrived and its ticket is missed"),
        ("missed", [ticket("a", "waiting", 1, 0)], "appointment a is missed and its ticket is waiting"),
    ],
)
def test_who_has_checked_in_and_is_lost_from_the_queue_is_named(status, tickets, words):
    row = {
        "appointment_id": "a", "patient_id": "p", "session_id": SITTING, "slot_starts_at": NINE, "ordinal": 1,
        "status": status, "arrived_at": NINE, "version": 0,
    }  # fmt: skip
    assert (1, words) in wrong(History().do("arrival", "a").evidence(*tickets, appointments=[row]))


def test_a_desk_that_is_told_that_nobody_waits_while_somebody_does_is_named():
    history = History().do("arrival", "a").do("calls", "", desk="1", status=409, code="nobody-waits")
    history.do("calls", "a", 2, "1")
    found = wrong(history.evidence(ticket("a", "called", 2, 1)))
    assert found == [(1, "calls  1 was told that nobody waits, and ticket a did")]
    history.asked[0] = replace(history.asked[0], answered_at=1.5)
    assert wrong(history.evidence(ticket("a", "called", 2, 1))) == []


def test_numbers_given_twice_or_lost_and_calls_that_nobody_made_are_named():
    found = wrong(whole_day().evidence(A, {**B, "number": 1}))
    assert (1, "sitting s gave out 2 numbers and its tickets have [1, 1]") in found
    assert (2, "sitting s counts 5 calls and 4 were acknowledged") in wrong(whole_day().evidence(A, B, calls=5))


def test_a_call_that_took_effect_twice_or_never_by_its_events_is_named():
    history = whole_day()
    again = replace(history.said[0], offset=9, event_id=UUID(int=99))
    first = history.asked[2]
    for said, times in ([*history.said, again], 2), (history.said[1:], 0):
        found = wrong(replace(history.evidence(A, B), said=said))
        assert (3, f"{first.name} (command:{first.key}) took effect {times} times by the events it caused") in found


@pytest.mark.parametrize(
    ("second", "named"),
    [({"ordinal": 2}, True), ({"late": True}, True), ({"turn_at": TEN}, True), ({"ordinal": 0}, False)],
)
def test_who_was_next_and_called_later_is_named(second, named):
    history = History().do("arrival", "a").do("arrival", "b").do("calls", "b", 2, "1").do("calls", "a", 2, "2")
    rows = ticket("a", "called", 2, 1, desk="2"), ticket("b", "called", 2, 1, number=2, **second)
    words = (4, "calls b 1 called number 2 when number 1 was next")
    assert (words in wrong(history.evidence(*rows))) is named


def test_who_came_while_another_was_being_called_may_be_called_later():
    history = History().do("arrival", "b").do("arrival", "a", times=(1.2, 1.9))
    history.do("calls", "b", 2, "1", times=(1.1, 1.8)).do("calls", "a", 2, "2")
    rows = ticket("a", "called", 2, 1, desk="2"), ticket("b", "called", 2, 1, number=2, ordinal=2)
    assert wrong(history.evidence(*rows)) == []
