"""The rules of the waitlist, its one state diagram, and its policy, as sentences."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.registration.booking.model import CancelReason, Channel
from services.registration.queue import model as queue
from services.registration.queue import store as tickets
from services.registration.schedules.model import Access, Session, Slot
from services.registration.waitlist import store, transitions
from services.registration.waitlist.model import (
    Entry,
    JoinWaitlist,
    LapseReason,
    Reason,
    Status,
    Urgency,
    days_goal,
    may_join,
    no_offer,
    offer_ends_at,
    session_goal,
)
from services.registration.waitlist.policy import POLICY, policy_of
from services.registration.waitlist.transitions import TRANSITIONS
from shared.messages.registration import waitlist as messages

CARD = Path(store.__file__).parents[1] / "README.md"
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
JOIN = JoinWaitlist(
    entry_id=uuid4(),
    patient_id=uuid4(),
    session_id=None,
    clinic_id="cardiology",
    earliest_on=NOW.date(),
    latest_on=NOW.date(),
    visit_type="outpatient",
    channel=Channel.APP,
    by_staff=False,
)
SESSION = Session(
    session_id=uuid4(),
    clinic_id="c",
    campus_id="main",
    session_on=NOW.date() + timedelta(days=1),
    starts_at=NOW + timedelta(days=1),
    ends_at=NOW + timedelta(days=1, minutes=90),
    slot_minutes=30,
    places=3,
    access=Access.PUBLIC,
    version=1,
)
GOAL = days_goal("cardiology", "UTC", NOW.date(), NOW.date(), POLICY)


def drawn(title: str) -> set[tuple[str | None, str, str]]:
    """The arrows of a state diagram on the card: from, to, and the event that stands on the arrow."""
    diagram = CARD.read_text("utf-8").split(f"## {title}\n", 1)[1].split("```mermaid\n", 1)[1].split("```", 1)[0]
    arrows = re.findall(r"^\s+(\S+) --> (\S+): ([\w-]+)", diagram, re.MULTILINE)
    return {(None if start == "[*]" else start, end, event) for start, end, event in arrows}


def allowed(table, constraint: str) -> set[str]:
    """The words that a CHECK constraint lets in."""
    (check,) = [one for one in table.__table__.constraints if one.name == constraint]
    return set(re.findall(r"'([\w-]+)'", str(check.sqltext)))


def told(transitions_of) -> set[tuple[str | None, str, str]]:
    return {
        (start and str(start), str(end), event.type.split(".")[1]) for (start, end), event in transitions_of.items()
    }


def test_diagram_enum_constraint_and_events_of_the_waitlist_say_the_same():
    assert drawn("An entry of the waitlist") == told(TRANSITIONS)
    ends = {end for _, end in TRANSITIONS}
    assert ends == set(Status) == allowed(store.WaitlistEntryRow, "waitlist_entry_status")
    assert set(TRANSITIONS.values()) == set(messages.MESSAGES)


def test_diagram_enum_and_constraint_of_the_queue_say_the_same():
    assert drawn("A place in the queue") == told(queue.TRANSITIONS)
    ends = {end for _, end in queue.TRANSITIONS}
    assert ends == set(queue.Status) == allowed(tickets.QueueTicketRow, "queue_ticket_status")


def entry(status: Status, **fields) -> Entry:
    waiting, _ = transitions.join(JOIN, GOAL, NOW)
    held = {"appointment_id": uuid4(), "offered_until": NOW} if status is Status.OFFERED else {}
    return replace(waiting, status=status, **held | fields)


@pytest.mark.parametrize("status", [one for one in Status if one not in (Status.WAITING, Status.OFFERED)])
def test_what_has_ended_does_not_begin_again(status):
    ended = entry(status, appointment_id=uuid4())
    for change in (
        transitions.hold_expired,
        lambda one: transitions.lapsed(one, LapseReason.TOO_LATE),
        lambda one: transitions.accepted(one, uuid4()),
    ):
        with pytest.raises(AssertionError):
            change(ended)


def test_what_becomes_of_an_offer_depends_on_who_ends_its_hold():
    offered = entry(Status.OFFERED)
    for why, status in (
        (CancelReason.PATIENT, "declined"),
        (CancelReason.DECEASED, "left"),
        (CancelReason.HOSPITAL, "waiting"),
    ):
        changed, event = transitions.hold_cancelled(offered, why)
        assert (changed.status, changed.offered_until) == (status, None)
        assert event.aggregate_version == changed.version == offered.version + 1
    assert transitions.hold_cancelled(offered, CancelReason.HOSPITAL)[0].joined_at == offered.joined_at


def test_who_is_not_to_be_asked_misses_nothing_when_an_offer_runs_out():
    assert transitions.hold_expired(entry(Status.OFFERED))[0].status is Status.EXPIRED
    late, event = transitions.hold_expired(entry(Status.OFFERED, auto_accept=True))
    assert (late.status, late.appointment_id, type(event)) == (Status.WAITING, None, messages.OfferWithdrawn)


def test_a_place_is_booked_unasked_in_the_step_that_frees_it_only_where_nothing_is_given_back_for_it():
    assert entry(Status.WAITING, auto_accept=True).is_booked_unasked
    assert not entry(Status.WAITING, auto_accept=True, replaces_appointment_id=uuid4()).is_booked_unasked
    assert not entry(Status.WAITING).is_booked_unasked


def test_a_session_is_waited_for_until_its_last_slot_that_has_places():
    starts = [NOW + timedelta(days=1, minutes=30 * number) for number in range(3)]
    slots = [
        Slot(session_id=SESSION.session_id, starts_at=at, ends_at=at, clinic_id="c", capacity=capacity)
        for at, capacity in zip(starts, (1, 2, 0), strict=True)
    ]
    assert session_goal(SESSION, slots, POLICY).lapses_at == starts[1] - POLICY.cut_off
    assert session_goal(SESSION, slots[2:], POLICY).reason is Reason.SESSION_CLOSED
    assert session_goal(replace(SESSION, closed_at=NOW), slots, POLICY).reason is Reason.SESSION_CLOSED
    assert session_goal(replace(SESSION, access=Access.ALLIANCE), slots, POLICY).reason is Reason.NOT_PUBLIC


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.OFFERED])
def test_whoever_has_no_offer_to_answer_hears_what_to_do_instead(status):
    reason = {
        Status.WAITING: Reason.NOT_OFFERED,
        Status.ACCEPTED: Reason.ALREADY_ACCEPTED,
        Status.EXPIRED: Reason.OFFER_EXPIRED,
    }.get(status, Reason.NOT_WAITING)
    assert no_offer(status).reason is reason


@given(left=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60)))
def test_no_offer_outlives_the_cut_off_and_more_time_left_never_shortens_it(left):
    starts_at = NOW + POLICY.cut_off + left
    ends_at = offer_ends_at(starts_at, NOW, POLICY)
    if ends_at is None:
        assert left < timedelta(minutes=5)
        return
    assert NOW < ends_at <= starts_at - POLICY.cut_off
    later = offer_ends_at(starts_at + timedelta(hours=1), NOW, POLICY)
    assert later is not None
    assert later >= ends_at


def test_days_are_bounded_and_urgency_is_the_staffs_to_say():
    day = NOW.date()
    assert days_goal("c", "UTC", day, day - timedelta(days=1), POLICY).reason is Reason.DAYS_BACKWARDS
    too_many = days_goal("c", "UTC", day, day + timedelta(days=92), POLICY)
    assert (too_many.reason, too_many.remedy) == (Reason.TOO_MANY_DAYS, "wait for at most 92 days at once")
    assert may_join(JOIN, GOAL, None, NOW) is None
    urgent = replace(JOIN, urgency=Urgency.URGENT)
    assert may_join(urgent, GOAL, None, NOW).reason is Reason.URGENCY_NEEDS_STAFF
    assert may_join(replace(urgent, by_staff=True), GOAL, None, NOW) is None
    assert may_join(JOIN, GOAL, None, GOAL.lapses_at).reason is Reason.TOO_LATE


def test_a_policy_that_would_break_its_promises_is_refused():
    good = {"version": "1", "source": "test", "cut_off_minutes": 60, "most_days": 30}
    policy_of(good | {"offers": [{"left_minutes": 10, "lasts_minutes": 10}]})
    with pytest.raises(ValidationError, match="last longer"):
        policy_of(good | {"offers": [{"left_minutes": 10, "lasts_minutes": 11}]})
    steps = [{"left_minutes": minutes, "lasts_minutes": 5} for minutes in (10, 20)]
    with pytest.raises(ValidationError, match="order the steps"):
        policy_of(good | {"offers": steps})


def test_an_entry_keeps_what_was_asked_for():
    joined, event = transitions.join(JOIN, GOAL, NOW)
    assert (joined.lapses_at, joined.version) == (datetime(2026, 3, 2, 23, tzinfo=UTC), 1)
    assert (event.urgency, event.session_id, event.channel) == ("routine", None, "app")
    assert isinstance(event.entry_id, UUID)
