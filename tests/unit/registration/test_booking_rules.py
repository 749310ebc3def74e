"""The rules of an appointment and of the day of its visit, as sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.registration.arrivals import model as arrivals
from services.registration.arrivals.policy import OPENS
from services.registration.booking.model import (
    HOLD,
    CancelReason,
    Channel,
    Status,
    TakePlace,
    cancel,
    confirm,
    expire,
    miss,
    taken,
)
from services.registration.booking.moving import displace, may_move, move
from services.registration.booking.refusals import Reason
from services.registration.schedules.model import Access, Session, Slot, SlotKey
from shared.messages.registration.booking import AppointmentBooked, SlotHeld

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
SLOT = Slot(
    session_id=uuid4(),
    starts_at=NOW + timedelta(hours=1),
    ends_at=NOW + timedelta(hours=1, minutes=30),
    clinic_id="cardiology",
    capacity=3,
)
SESSION = Session(
    session_id=SLOT.session_id,
    clinic_id="cardiology",
    campus_id="main",
    session_on=NOW.date(),
    starts_at=SLOT.starts_at,
    ends_at=SLOT.starts_at + timedelta(hours=4),
    slot_minutes=30,
    places=24,
    access=Access.PUBLIC,
    version=1,
)


def take(*, hold: bool):
    command = TakePlace(
        appointment_id=uuid4(),
        patient_id=uuid4(),
        slot=SlotKey(session_id=SLOT.session_id, starts_at=SLOT.starts_at),
        hold=hold,
        visit_type="outpatient",
        channel=Channel.APP,
    )
    return taken(command, clinic_id="cardiology", slot_ends_at=SLOT.ends_at, ordinal=2, now=NOW)


HELD, HELD_SAID = take(hold=True)
BOOKED, BOOKED_SAID = take(hold=False)


def arrive(booked, session, now, source=arrivals.Source.DESK):
    return arrivals.arrive(booked, session, source, OPENS[source], now)


ARRIVED = arrive(BOOKED, SESSION, SLOT.starts_at).appointment


def test_a_place_is_held_for_five_minutes_or_booked_at_once():
    assert (HELD.status, HELD.held_until, HELD.booked_at) == (Status.HELD, NOW + HOLD, None)
    assert (BOOKED.status, BOOKED.held_until, BOOKED.booked_at) == (Status.BOOKED, None, NOW)
    assert isinstance(HELD_SAID, SlotHeld)
    assert isinstance(BOOKED_SAID, AppointmentBooked)
    assert HELD_SAID.held_until - NOW == timedelta(minutes=5)


def test_a_hold_is_good_until_its_last_instant_and_not_at_it():
    booked, event = confirm(HELD, NOW + HOLD - timedelta(microseconds=1))
    assert (booked.status, event.aggregate_version) == (Status.BOOKED, 2)
    assert confirm(HELD, NOW + HOLD).reason is Reason.HOLD_EXPIRED


@pytest.mark.parametrize(
    ("appointment", "reason"),
    [
        (expire(HELD)[0], Reason.HOLD_EXPIRED),
        (BOOKED, Reason.NOT_HELD),
        (ARRIVED, Reason.NOT_HELD),
        (cancel(HELD, CancelReason.PATIENT)[0], Reason.NOT_HELD),
    ],
)
def test_only_a_good_hold_is_confirmed(appointment, reason):
    assert confirm(appointment, NOW).reason is reason


@pytest.mark.parametrize("appointment", [HELD, BOOKED])
def test_what_is_held_or_booked_can_be_cancelled_once(appointment):
    cancelled, event = cancel(appointment, CancelReason.HOSPITAL)
    assert (cancelled.status, event.reason, event.aggregate_version) == (Status.CANCELLED, "hospital", 2)
    assert cancel(cancelled, CancelReason.PATIENT).reason is Reason.NOT_OPEN


def test_who_has_arrived_cannot_be_cancelled_or_moved():
    assert cancel(ARRIVED, CancelReason.PATIENT).reason is Reason.NOT_OPEN
    assert may_move(ARRIVED, replace(SLOT, session_id=uuid4()), SESSION, NOW).reason is Reason.NOT_BOOKED


def test_a_booking_moves_to_another_slot_that_is_not_over():
    target = replace(SLOT, session_id=uuid4())
    assert may_move(BOOKED, target, SESSION, NOW) is None
    assert may_move(BOOKED, target, SESSION, SLOT.ends_at).reason is Reason.SLOT_OVER
    assert may_move(BOOKED, SLOT, SESSION, NOW).reason is Reason.SAME_SLOT
    assert may_move(HELD, target, SESSION, NOW).reason is Reason.NOT_BOOKED

    moved, event = move(BOOKED, target, 7)
    assert (moved.appointment_id, moved.session_id, moved.ordinal) == (BOOKED.appointment_id, target.session_id, 7)
    assert event.previous_session_id == SLOT.session_id


def test_a_move_ends_in_a_public_place_or_in_the_session_where_the_appointment_is():
    elsewhere, later = replace(SLOT, session_id=uuid4()), replace(SLOT, starts_at=SLOT.ends_at)
    assert may_move(BOOKED, elsewhere, replace(SESSION, access=Access.APPLICATION), NOW).reason is Reason.NOT_PUBLIC
    assert may_move(BOOKED, later, replace(SESSION, access=Access.APPLICATION), NOW) is None


def test_check_in_opens_an_hour_before_the_slot_and_closes_with_its_session():
    opens = SLOT.starts_at - timedelta(hours=1)
    assert arrive(BOOKED, SESSION, opens).appointment.arrived_at == opens
    early = arrive(BOOKED, SESSION, opens - timedelta(seconds=1))
    assert (early.reason, early.remedy) == (
        arrivals.Reason.TOO_EARLY,
        "check in from 60 minutes before the slot on",
    )
    late = SESSION.ends_at - timedelta(seconds=1)
    assert arrive(BOOKED, SESSION, late).appointment.status is Status.ARRIVED
    assert arrive(BOOKED, SESSION, SESSION.ends_at).reason is arrivals.Reason.SESSION_OVER


def test_only_a_booked_patient_arrives_and_only_an_arrived_one_is_seen():
    assert arrive(HELD, SESSION, NOW).reason is arrivals.Reason.NOT_BOOKED
    assert arrive(ARRIVED, SESSION, NOW).reason is arrivals.Reason.ALREADY_ARRIVED
    assert arrivals.complete(BOOKED, NOW).reason is arrivals.Reason.NOT_ARRIVED
    completed = arrivals.complete(ARRIVED, NOW)
    assert (completed.appointment.status, completed.event.aggregate_version) == (Status.COMPLETED, 3)
    assert arrivals.complete(completed.appointment, NOW).reason is arrivals.Reason.ALREADY_COMPLETED


@pytest.mark.parametrize("expected", [BOOKED, ARRIVED], ids=["did not come", "was called and was not there"])
def test_who_was_expected_and_not_seen_has_missed_the_visit(expected):
    missed, event = miss(expected)
    assert (missed.status, missed.version) == (Status.MISSED, expected.version + 1)
    assert (event.appointment_id, event.aggregate_version) == (expected.appointment_id, missed.version)
    assert miss(missed).reason is Reason.NOT_EXPECTED
    assert miss(HELD).reason is Reason.NOT_EXPECTED


def test_a_hold_of_a_slot_that_is_over_is_not_confirmed():
    late = replace(HELD, held_until=SLOT.ends_at + timedelta(minutes=1))
    assert confirm(late, SLOT.ends_at).reason is Reason.SLOT_OVER


def test_who_is_displaced_has_no_place_and_can_be_moved_or_cancelled():
    displaced, event = displace(BOOKED, "room", None)
    assert (displaced.status, displaced.places, event.offered_session_id) == (Status.DISPLACED, [], None)
    assert may_move(displaced, SLOT, SESSION, NOW) is None
    moved, _ = move(displaced, SLOT, 9)
    assert (moved.status, moved.version, moved.places) == (Status.BOOKED, displaced.version + 1, [BOOKED.slot])
    cancelled, _ = cancel(displaced, CancelReason.PATIENT)
    assert cancelled.status is Status.CANCELLED


def test_nobody_is_moved_into_a_session_that_is_closed_or_not_released():
    elsewhere = replace(SLOT, session_id=uuid4())
    assert may_move(BOOKED, elsewhere, replace(SESSION, closed_at=NOW), NOW).reason is Reason.SESSION_CLOSED
    later = replace(SESSION, released_at=NOW + timedelta(minutes=30))
    assert may_move(BOOKED, elsewhere, later, NOW).reason is Reason.NOT_RELEASED
    assert may_move(BOOKED, elsewhere, later, later.released_at) is None
