"""Who loses the place when a session is cut, who may go where, and what follows from no-shows, as sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.registration.booking.model import Appointment, Channel, Status
from services.registration.displacement.model import Cut, Plan, fits, plan
from services.registration.limits.model import Limits, cooling_off, counted_since
from services.registration.schedules.model import Access, Reason, Session, Slot

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
STEP = timedelta(minutes=30)
SESSION = Session(
    session_id=uuid4(),
    clinic_id="cardiology",
    campus_id="main",
    session_on=NOW.date(),
    starts_at=NOW,
    ends_at=NOW + 4 * STEP,
    slot_minutes=30,
    places=40,
    access=Access.PUBLIC,
    version=1,
)


def slot(number: int, capacity: int, booked: int) -> Slot:
    at = NOW + number * STEP
    return Slot(
        session_id=SESSION.session_id,
        starts_at=at,
        ends_at=at + STEP,
        clinic_id="cardiology",
        capacity=capacity,
        booked=booked,
        last_ordinal=booked,
    )


def appointment(of: Slot, ordinal: int) -> Appointment:
    return Appointment(
        appointment_id=uuid4(),
        patient_id=UUID(int=ordinal),
        session_id=of.session_id,
        clinic_id=of.clinic_id,
        slot_starts_at=of.starts_at,
        slot_ends_at=of.ends_at,
        ordinal=ordinal,
        status=Status.BOOKED,
        visit_type="outpatient",
        channel=Channel.APP,
        encounter_id=None,
        held_until=None,
        booked_at=NOW,
        arrived_at=None,
        completed_at=None,
        cancel_reason=None,
        version=1,
    )


SLOTS = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=4)


@given(SLOTS, st.integers(0, 8))
def test_a_cut_keeps_who_has_arrived_and_the_first_who_booked_and_no_place_too_many(shape, capacity):
    slots, expected = [], []
    for number, (places, arrived, booked) in enumerate(shape):
        arrived = min(arrived, places)  # noqa: PLW2901 - no more than there is room for
        booked = min(booked, places - arrived)  # noqa: PLW2901
        slots.append(slot(number, places, arrived + booked))
        expected += [appointment(slots[-1], arrived + one + 1) for one in range(booked)]
    planned = plan(Cut(session_id=SESSION.session_id, capacity=capacity), SESSION, slots, expected, NOW)
    assert isinstance(planned, Plan)
    for one in slots:
        mine = [each for each in expected if each.slot_starts_at == one.starts_at]
        gone = [each for each in planned.orphans if each.slot_starts_at == one.starts_at]
        left = one.booked - len(gone)
        arrived = one.booked - len(mine)
        assert gone == mine[len(mine) - len(gone) :]
        assert left <= planned.capacities.get(one.starts_at, one.capacity)
        assert left == min(one.booked, max(capacity, arrived))


def test_a_cut_of_part_of_a_session_leaves_the_rest_and_what_is_over():
    slots = [slot(number, 3, 2) for number in range(4)]
    expected = [appointment(one, ordinal) for one in slots for ordinal in (1, 2)]
    cut = Cut(session_id=SESSION.session_id, capacity=1, to_at=slots[3].starts_at)
    planned = plan(cut, SESSION, slots, expected, slots[0].ends_at)
    assert list(planned.capacities) == [slots[1].starts_at, slots[2].starts_at]
    assert [one.ordinal for one in planned.orphans] == [2, 2]
    closed = replace(SESSION, closed_at=NOW)
    assert plan(cut, closed, slots, expected, NOW).reason is Reason.SESSION_CLOSED


def test_an_orphan_goes_to_a_slot_that_is_not_earlier_not_cut_and_in_no_session_twice():
    mine = appointment(slot(1, 3, 1), 1)
    elsewhere = replace(slot(2, 3, 0), session_id=uuid4())
    cut = {slot(1, 3, 1).starts_at: 0}
    assert fits(mine, elsewhere, set(), cut)
    assert not fits(mine, elsewhere, {elsewhere.session_id}, cut)
    assert fits(mine, slot(2, 3, 0), {SESSION.session_id}, cut)
    assert not fits(mine, slot(1, 3, 0), set(), cut)
    assert not fits(mine, slot(0, 3, 0), set(), {})


def test_a_cooling_off_follows_from_enough_no_shows_and_names_the_limits():
    limits = Limits(version="v7", future_bookings=5, missed=3, within_days=180, cooling_off_days=90)
    patient = uuid4()
    assert counted_since(limits, NOW) == NOW - timedelta(days=180)
    assert cooling_off(limits, patient, 2, NOW) is None
    cooling = cooling_off(limits, patient, 3, NOW)
    assert (cooling.until, cooling.missed, cooling.limits_version) == (NOW + timedelta(days=90), 3, "v7")
