"""Tickets of the one-stop desk: their due times in working time, and who may do what with them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.desk import model
from services.registration.desk.catalogue import catalogue, parse
from services.registration.desk.model import Outcome, Reason, RejectReason, State, Worker
from services.registration.desk.worktime import Calendar
from shared.decision import Refused
from shared.ids import new_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = catalogue().calendar
CLERK = Worker(subject="clerk-1", roles=frozenset({"back-office"}))
OTHER = Worker(subject="clerk-2", roles=frozenset({"back-office"}))
DESK = Worker(subject="desk-1", roles=frozenset({"front-desk"}))
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Monday, nine in the morning at the desk."""


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def ticket(kind="record-copy"):
    command = model.OpenTicket(ticket_id=new_id(), patient_id=new_id(), kind=kind, note=None, opened_by="app")
    opened, _ = model.open_ticket(command, catalogue(), NOW)
    return opened


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-03-02 09:00", 1, "2026-03-02 10:00"),
        ("2026-03-02 11:30", 1, "2026-03-02 14:30"),
        ("2026-03-02 17:00", 1, "2026-03-03 08:30"),
        ("2026-03-02 12:00", 4, "2026-03-03 08:30"),
        ("2026-03-06 17:30", 1, "2026-03-09 09:00"),
        ("2026-09-30 17:00", 1, "2026-10-08 08:30"),
        ("2026-02-13 17:00", 1, "2026-02-14 08:30"),
    ],
)
def test_hours_count_while_the_desk_is_open(begin, hours, end):
    assert CALENDAR.after(local(begin), timedelta(hours=hours)) == local(end)


@pytest.mark.parametrize(
    ("begin", "days", "end"),
    [
        ("2026-03-02 09:00", 0, "2026-03-02 17:30"),
        ("2026-03-02 09:00", 1, "2026-03-03 17:30"),
        ("2026-03-06 09:00", 1, "2026-03-09 17:30"),
        ("2026-03-07 09:00", 1, "2026-03-10 17:30"),
        ("2026-03-06 18:00", 1, "2026-03-10 17:30"),
        ("2026-09-30 09:00", 1, "2026-10-08 17:30"),
        ("2026-02-13 09:00", 1, "2026-02-14 17:30"),
    ],
)
def test_days_end_with_the_working_day(begin, days, end):
    assert CALENDAR.end_of_day(local(begin), days) == local(end)


@given(
    begin=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    first=st.integers(1, 40),
    second=st.integers(1, 40),
)
def test_working_time_adds_up_and_ends_while_the_desk_is_open(begin, first, second):
    middle = CALENDAR.after(begin, timedelta(hours=first))
    assert begin < middle
    assert CALENDAR.after(middle, timedelta(hours=second)) == CALENDAR.after(begin, timedelta(hours=first + second))
    there = middle.astimezone(SHANGHAI)
    assert CALENDAR.works_on(there.date())
    assert any(opens < there.time() <= closes for opens, closes in CALENDAR.hours)


def test_working_hours_keep_to_the_clock_when_it_is_put_forward():
    berlin = Calendar(
        zone=ZoneInfo("Europe/Berlin"),
        hours=((time(8), time(12)),),
        weekdays=frozenset(range(1, 8)),
        free=frozenset(),
        worked=frozenset(),
    )
    saturday = datetime(2026, 3, 28, 10, tzinfo=berlin.zone).astimezone(UTC)
    assert berlin.after(saturday, timedelta(hours=3)) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert berlin.works_on(date(2026, 3, 29))


def test_the_desk_offers_more_than_twenty_services_each_with_a_due_time():
    kinds = catalogue().kinds.values()
    assert len(kinds) > 20
    assert all(kind.due_at(NOW, CALENDAR) > NOW for kind in kinds)


def test_a_file_with_a_code_twice_is_refused_by_that_code():
    line = '{"code": "stamp", "name_zh": "盖章", "name_en": "Stamp", "role": "front-desk", "due": {"hours": 1}}'
    calendar = '{"zone": "UTC", "source": "", "hours": [["08:00","12:00"]], "weekdays": [1], "free": [], "worked": []}'
    text = f'{{"version": "1", "source": "", "calendar": {calendar}, "kinds": [{line}, {line}]}}'
    with pytest.raises(ValueError, match="twice are stamp"):
        parse(text)


def test_a_ticket_goes_from_hand_to_hand_and_is_closed_by_its_owner():
    taken = model.take(ticket(), CLERK, NOW)
    assert (taken.state, taken.owner) == (State.TAKEN, "clerk-1")
    assert model.take(taken, OTHER, NOW).reason == Reason.TICKET_TAKEN
    handed = model.hand_over(taken, OTHER, "clerk-2", NOW)
    assert model.complete(handed, CLERK, Outcome.ISSUED, None, NOW).reason == Reason.NOT_OWNER
    done, said = model.complete(handed, OTHER, Outcome.ISSUED, "two copies", NOW)
    assert (done.state, done.closed_at, said.reason) == (State.COMPLETED, NOW, "issued")
    assert not hasattr(said, "answer")


def test_a_ticket_that_was_put_back_is_anybodys_of_its_role():
    back = model.hand_over(model.take(ticket(), CLERK, NOW), CLERK, None, NOW)
    assert (back.state, back.owner) == (State.OPEN, None)
    assert model.take(back, OTHER, NOW).owner == "clerk-2"
    assert model.take(back, DESK, NOW).reason == Reason.ROLE_NOT_RESPONSIBLE


def test_nothing_happens_to_a_closed_ticket():
    rejected, said = model.reject(
        model.take(ticket(), CLERK, NOW), CLERK, RejectReason.DOCUMENTS_MISSING, "bring the card", NOW
    )
    assert (said.state, said.reason) == ("rejected", "documents-missing")
    for decision in (
        model.take(rejected, CLERK, NOW),
        model.hand_over(rejected, CLERK, None, NOW),
        model.complete(rejected, CLERK, Outcome.ISSUED, None, NOW),
        model.withdraw(rejected, NOW),
    ):
        assert isinstance(decision, Refused)
        assert decision.reason == Reason.TICKET_CLOSED


def test_an_open_ticket_is_overdue_from_its_due_time_on():
    one = ticket("stamp-certificate")
    assert not one.is_overdue(one.due_at - timedelta(seconds=1))
    assert one.is_overdue(one.due_at)
    assert not model.withdraw(one, NOW)[0].is_overdue(one.due_at)
