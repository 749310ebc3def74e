"""The checker names what is wrong with waiting, old bookings and extra places in a history made up for it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Evidence
from tests.chaos.history import Answer, Command
from tests.chaos.records import Said

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
BOOKED, CANCELLED = "registration.appointment-booked.v1", "registration.appointment-cancelled.v1"
ENTRY = {
    "entry_id": "e", "patient_id": "p", "clinic_id": "c", "session_id": "s", "earliest_on": NINE.date(),
    "latest_on": NINE.date(), "status": "accepted", "auto_accept": False, "replaces_appointment_id": "old",
    "appointment_id": "new", "offered_until": None, "version": 3,
}  # fmt: skip
NEW = {
    "appointment_id": "new", "patient_id": "p", "session_id": "s", "slot_starts_at": NINE, "ordinal": 1,
    "status": "booked", "booked_at": NINE, "held_until": None, "version": 2,
}  # fmt: skip
OLD = {**NEW, "appointment_id": "old", "session_id": "t", "status": "cancelled", "version": 2}
WAITS = {**ENTRY, "status": "waiting", "appointment_id": None, "version": 1}


def said(place, kind, appointment, version):
    """An event of an appointment."""
    aggregate = f"registration:appointment/{appointment}"
    return Said("registration-events", 0, place, UUID(int=place), kind, aggregate, version, "")


EXCHANGED = [said(2, BOOKED, "new", 2), said(3, CANCELLED, "old", 2)]


def granted(path, answer, at=1.0, name="command"):
    """A command and the answer that it had within a second."""
    one = Command(name, "registration", "POST", path, "patient-app", b"", f"key {name} {at}", at, answered_at=at + 0.5)
    one.answers.append(Answer(200, json.dumps(answer).encode()))
    return one


def evidence(*entries, appointments=(NEW, OLD), events=EXCHANGED, asked=(), now=NINE, **tables):
    """Evidence of entries and appointments, of what was said and of what was asked."""
    kept = [{"key": one.key, "body_hash": one.body_hash, "status": 200} for one in asked]
    found = {"waitlist_entry": entries, "appointment": appointments, "command": kept, **tables}
    return Evidence(rows={"registration": found}, said=events, asked=asked, recent=asked, now=now)


def wrong(made_up):
    """Numbers and words of the invariants about commands and places."""
    return [(one.invariant, one.what) for one in check(made_up) if one.invariant <= 4]


def test_nothing_is_wrong_with_an_old_booking_that_ends_when_the_new_one_is_confirmed():
    assert wrong(evidence(ENTRY)) == []
    still_waits = evidence(WAITS, appointments=[{**OLD, "status": "booked"}], events=())
    assert wrong(still_waits) == []


@pytest.mark.parametrize("status", ["waiting", "declined", "expired", "left", "lapsed"])
def test_an_old_booking_that_ended_without_a_new_one_is_named(status):
    entry = {**WAITS, "status": status}
    words = "appointment old has ended for a place that waitlist entry e has not got"
    assert (2, words) in wrong(evidence(entry, appointments=[OLD]))
    back = granted("/appointments/old/cancellation", {"appointment_id": "old"})
    assert wrong(evidence(entry, appointments=[OLD], asked=[back])) == []


def test_an_old_booking_that_ended_before_the_new_one_was_confirmed_is_named():
    early = [said(1, CANCELLED, "old", 2), EXCHANGED[0]]
    words = (2, "appointment old has ended before the one that replaces it was confirmed")
    assert wrong(evidence(ENTRY, events=early)) == [words]
    never = evidence(ENTRY, events=EXCHANGED[1:])
    assert words in wrong(never)


@pytest.mark.parametrize("status", ["booked", "held", "arrived"])
def test_who_has_the_new_place_and_the_old_one_too_is_named(status):
    both = evidence(ENTRY, appointments=[NEW, {**OLD, "status": status}])
    assert (2, f"waitlist entry e has its place and the old appointment old is {status}") in wrong(both)


def test_an_old_booking_that_one_of_two_entries_replaces_ends_for_that_one():
    other = {**WAITS, "entry_id": "f", "session_id": "u"}
    assert wrong(evidence(other, ENTRY)) == []


def test_an_offer_that_is_over_and_one_to_be_booked_unasked_are_named_at_rest():
    held = {**NEW, "status": "held", "booked_at": None, "held_until": TEN}
    offered = {**ENTRY, "status": "offered", "offered_until": TEN, "replaces_appointment_id": None}
    assert wrong(evidence(offered, appointments=[held])) == []
    late = wrong(evidence(offered, appointments=[held], now=TEN))
    assert late == [(1, "the offer of waitlist entry e is over and its place is kept on")]
    unasked = wrong(evidence({**offered, "auto_accept": True}, appointments=[held]))
    assert unasked == [(1, "waitlist entry e was to be booked unasked and has still an offer")]


@pytest.mark.parametrize(
    ("told", "kept", "named"),
    [
        (("accepted", 3), {}, False),
        (("offered", 2), {}, False),
        (("accepted", 3), {"status": "declined"}, True),
        (("declined", 2), {}, True),
        (("accepted", 4), {}, True),
    ],
)
def test_an_entry_that_is_not_what_its_patient_was_told_is_named(told, kept, named):
    answer = {"entry_id": "e", "status": told[0], "version": told[1]}
    asked = [granted("/waitlist/e/acceptance", answer, name="accept")]
    found = wrong(evidence({**ENTRY, **kept}, asked=asked))
    assert any("accept was told that waitlist entry e is" in what for _, what in found) is named


def test_an_acknowledged_entry_that_is_lost_and_one_changed_twice_at_once_are_named():
    asked = [
        granted(f"/waitlist/e/{word}", {"entry_id": "e", "status": "accepted", "version": 3}, name=word)
        for word in ("acceptance", "leave")
    ]
    assert (2, "acceptance was acknowledged and waitlist entry e does not exist") in wrong(evidence(asked=asked))
    found = wrong(evidence(ENTRY, asked=asked))
    assert found == [(2, "acceptance and leave both made version 3 of waitlist entry e")]


@pytest.mark.parametrize(
    ("at", "second", "had", "named"),
    [
        (2.0, "accepted", (), True),
        (2.0, "expired", (), True),
        (2.0, "left", (), False),
        (1.2, "accepted", (), False),
        (2.0, "accepted", [{**OLD, "session_id": "s", "patient_id": "first"}], False),
    ],
)
def test_who_waited_first_and_was_passed_over_is_named(at, second, had, named):
    """Not where they asked at the same time, nor who may have given a place back there."""
    first = {**WAITS, "patient_id": "first", "replaces_appointment_id": None}
    later = {**ENTRY, "entry_id": "f", "status": second, "replaces_appointment_id": None}
    asked = [
        granted("/waitlist", {"entry_id": entry, "status": "waiting", "version": 1}, when, f"join {entry}")
        for entry, when in (("e", 1.0), ("f", at))
    ]
    found = wrong(evidence(first, later, appointments=[NEW, *had], asked=asked))
    assert ((4, "join e waits for session s before join f, who was offered a place") in found) is named


SLOTS = [{"session_id": "s", "starts_at": at, "capacity": 3, "booked": 0, "clinic_id": "c"} for at in (NINE, TEN)]
SESSION = {"session_id": "s", "session_on": NINE.date(), "places": 6, "version": 2}
GIVEN = granted("/sessions/s/extra-places", {"session_id": "s", "places": 6, "version": 2}, name="add")


def places(session=SESSION, asked=(GIVEN,)):
    """What is wrong with a session that was given extra places."""
    return wrong(evidence(appointments=(), events=(), asked=asked, session=[session], slot=SLOTS))


def test_nothing_is_wrong_with_extra_places_that_are_given_once():
    assert places() == []


@pytest.mark.parametrize(
    ("session", "asked", "words"),
    [
        ({"places": 5}, [GIVEN], "session s says 5 places and its slots have 6"),
        ({"places": 5}, [GIVEN], "session s was last said to have 6 places and has 5"),
        ({"version": 3}, [GIVEN], "session s has version 3 and was given places 1 times"),
        ({"version": 1}, [GIVEN], "session s has version 1 and was given places 1 times"),
        ({}, [], "session s has version 2 and was given places 0 times"),
    ],
)
def test_extra_places_that_are_lost_or_given_twice_or_unasked_are_named(session, asked, words):
    assert (2, words) in places({**SESSION, **session}, asked)


def test_an_extra_place_that_rots_while_somebody_waits_is_named():
    slots = [{**SLOTS[0], "starts_at": NINE + timedelta(days=1)}]
    session = {**SESSION, "places": 3}
    found = wrong(evidence(WAITS, appointments=(), events=(), asked=[GIVEN], session=[session], slot=slots))
    assert (1, "slot s has a free place while waitlist entry e waits for it") in found
