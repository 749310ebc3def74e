"""Holidays, days that are worked for them, exceptions and release instants, as sentences."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.calendars import model as calendars
from services.registration.calendars.handlers import shipped
from services.registration.calendars.model import Calendar, DaysOff, DayWorked, checked
from services.registration.schedules.lines import day_fault, lines_fault
from services.registration.schedules.model import (
    Access,
    Clinic,
    Hours,
    Kind,
    MdtForm,
    OpenSessions,
    PutDay,
    Reason,
    Release,
    Setting,
)
from services.registration.schedules.planning import beyond, plan_sessions


def line(weekday=1, begin=8 * 60, end=12 * 60, **fields) -> Hours:
    return Hours(**{"weekday": weekday, "from_minute": begin, "to_minute": end, "capacity": 2, **fields})


def clinic(*lines: Hours, zone="Asia/Shanghai") -> Clinic:
    return Clinic(
        clinic_id="c", campus_id="main", specialty="s", zone=zone, name_zh=None, name_en=None, template=lines, version=1
    )


def opened(on: date, *lines: Hours, calendar=None, exceptions=None, zone="Asia/Shanghai"):
    return plan_sessions(
        OpenSessions(clinic_id="c", from_on=on, to_on=on), clinic(*lines, zone=zone), calendar, exceptions
    )


def test_a_public_holiday_has_no_session_but_those_that_are_held_on_holidays():
    fourth_of_october = date(2026, 10, 5)
    assert opened(fourth_of_october, line(), calendar=None)
    assert opened(fourth_of_october, line(), calendar=shipped()) == []
    assert len(opened(fourth_of_october, line(on_holidays=True), calendar=shipped())) == 1


def test_a_worked_saturday_follows_the_timetable_of_the_day_that_it_makes_up_for():
    saturday = date(2026, 10, 10)
    (session,) = opened(saturday, line(3, capacity=7), line(6), calendar=shipped())
    assert (session.session_on, session.places) == (saturday, 7 * 8)


def test_the_calendar_that_comes_with_the_suite_is_whole_and_makes_up_weekends_only():
    calendar = shipped()
    assert checked(calendar) is calendar
    assert {worked.on.isoweekday() for worked in calendar.days_worked} <= {6, 7}
    assert sum((off.to_on - off.from_on).days + 1 for off in calendar.days_off if off.from_on.year == 2026) == 33


def test_days_beyond_the_calendar_are_ordinary_and_counted():
    new_year = date(2027, 1, 1)
    assert len(opened(new_year, line(5), calendar=shipped())) == 1
    year = OpenSessions(clinic_id="c", from_on=date(2026, 12, 30), to_on=date(2027, 1, 2))
    assert (beyond(year, shipped()), beyond(year, None)) == (2, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_to": date(2025, 12, 31)}, calendars.Reason.DAYS_BACKWARDS),
        ({"days_off": (DaysOff(from_on=date(2026, 5, 5), to_on=date(2026, 5, 1), name="x"),)}, "days-backwards"),
        ({"days_worked": (DayWorked(on=date(2027, 1, 2), as_weekday=5),)}, "day-beyond-validity"),
        ({"days_worked": (DayWorked(on=date(2026, 1, 2), as_weekday=5),)}, "day-twice"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(changes, reason):
    fields = {
        "calendar_id": "ours",
        "version": "1",
        "source": "notice",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "days_off": (DaysOff(from_on=date(2026, 1, 1), to_on=date(2026, 1, 3), name="New Year"),),
        "days_worked": (),
    }
    assert checked(Calendar(**{**fields, **changes})).reason == reason


def test_an_exception_goes_before_the_week_and_the_holiday():
    holiday = date(2026, 10, 5)
    (session,) = opened(holiday, line(), calendar=shipped(), exceptions={holiday: [line(1, 9 * 60, 10 * 60)]})
    assert (session.starts_at.hour, session.places) == (1, 4)
    assert opened(holiday, line(on_holidays=True), exceptions={holiday: []}) == []
    wrong = PutDay(clinic_id="c", on=holiday, lines=(line(2),))
    assert day_fault(wrong, holiday).reason is Reason.WEEKDAY_DIFFERS


def released(on: date, days_ahead: int, at_minute: int, zone: str) -> datetime:
    rule = Release(days_ahead=days_ahead, at_minute=at_minute)
    (session,) = opened(on, line(on.isoweekday(), release=rule), zone=zone)
    return session.released_at


def test_slots_are_released_by_the_clock_of_the_campus_also_across_a_change_of_its_offset():
    assert released(date(2026, 3, 9), 7, 7 * 60, "Asia/Shanghai") == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert released(date(2026, 3, 30), 1, 7 * 60, "Europe/Berlin") == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert released(date(2026, 3, 30), 2, 7 * 60, "Europe/Berlin") == datetime(2026, 3, 28, 6, tzinfo=UTC)


def test_a_release_in_the_skipped_hour_is_after_it_and_in_the_repeated_hour_is_the_first():
    gap = released(date(2026, 3, 29), 0, 2 * 60 + 30, "Europe/Berlin")
    assert gap == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    fold = released(date(2026, 10, 25), 0, 2 * 60 + 30, "Europe/Berlin")
    assert fold == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    on=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    begin=st.integers(0, 23),
    hours=st.integers(1, 24),
    minutes=st.sampled_from([10, 15, 20, 30, 60]),
)
def test_a_session_is_a_whole_number_of_slots_of_the_day_it_belongs_to(on, zone, begin, hours, minutes):
    end = min(begin + hours, 24)
    (session,) = opened(on, line(on.isoweekday(), begin * 60, end * 60, slot_minutes=minutes), zone=zone)
    slots, rest = divmod(session.ends_at - session.starts_at, timedelta(minutes=minutes))
    assert slots >= 1
    assert not rest
    assert session.places == 2 * slots
    assert abs((session.ends_at - session.starts_at) - timedelta(hours=end - begin)) <= timedelta(hours=1)


TEAM = Setting(kind=Kind.MDT, mdt_form=MdtForm.JOINT, clinicians=("C-1", "C-2"), room="R-1")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (TEAM, None),
        (Setting(kind=Kind.MDT, mdt_form=MdtForm.REMOTE, clinicians=("C-1",)), Reason.SETTING_INCOMPLETE),
        (Setting(kind=Kind.MDT, clinicians=("C-1", "C-2")), Reason.SETTING_INCOMPLETE),
        (Setting(kind=Kind.SPECIALTY), Reason.SETTING_INCOMPLETE),
        (Setting(kind=Kind.SPECIALTY, service_code="ultrasound"), None),
        (Setting(kind=Kind.MOBILE, vehicle="V-1"), Reason.SETTING_INCOMPLETE),
        (Setting(kind=Kind.MOBILE, vehicle="V-1", stop="village-1"), None),
        (Setting(mdt_form=MdtForm.REMOTE), Reason.SETTING_CONTRADICTS),
        (Setting(kind=Kind.EXPERT, stop="village-1"), Reason.SETTING_CONTRADICTS),
        (Setting(clinicians=("C-1", "C-1")), Reason.SETTING_CONTRADICTS),
        (Setting(kind=Kind.INTERNET, clinicians=("C-1",)), None),
    ],
)
def test_a_kind_of_session_has_what_it_needs_and_nothing_of_another(setting, reason):
    fault = lines_fault([line(setting=setting)])
    assert (fault and fault.reason) is reason


def test_lines_that_overlap_are_pools_of_one_sitting():
    pools = [line(setting=TEAM, access=access) for access in Access]
    assert lines_fault(pools) is None
    later = line(begin=9 * 60, setting=TEAM, access=Access.ALLIANCE)
    assert lines_fault([*pools[:2], later]).reason is Reason.POOLS_DIFFER
    elsewhere = line(access=Access.ALLIANCE)
    assert lines_fault([*pools[:2], elsewhere]).reason is Reason.POOLS_DIFFER
    sessions = opened(date(2026, 3, 2), *pools)
    assert len({session.session_id for session in sessions}) == 3
    assert len({session.sitting_id for session in sessions}) == 1
