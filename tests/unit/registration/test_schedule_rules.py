"""The rules of clinics, templates, sessions and slots, as sentences."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.registration.schedules.lines import put_clinic
from services.registration.schedules.model import Clinic, Hours, OpenSessions, PutClinic, Reason
from services.registration.schedules.planning import days_fault, plan_sessions
from services.registration.schedules.telling import session_opened

MONDAY = date(2026, 3, 2)


def hours(weekday=1, begin=8 * 60, end=12 * 60, minutes=30, capacity=3) -> Hours:
    return Hours(weekday=weekday, from_minute=begin, to_minute=end, slot_minutes=minutes, capacity=capacity)


def clinic(*template: Hours, zone: str = "Asia/Shanghai", present: Clinic | None = None):
    command = PutClinic(
        clinic_id="cardiology",
        campus_id="main",
        specialty="cardiology",
        zone=zone,
        name_zh="心内科",
        name_en="Cardiology",
        template=template or (hours(),),
    )
    return put_clinic(command, present)


def wrong_days(from_on: date, to_on: date) -> Reason | None:
    fault = days_fault(OpenSessions(clinic_id="cardiology", from_on=from_on, to_on=to_on), MONDAY)
    return fault and fault.reason


def planned(of: Clinic, from_on: date = MONDAY, to_on: date = MONDAY):
    return plan_sessions(OpenSessions(clinic_id=of.clinic_id, from_on=from_on, to_on=to_on), of)


def test_a_session_follows_the_clinics_own_clock():
    (session,) = planned(clinic())
    assert (session.starts_at, session.ends_at) == (
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 2, 4, tzinfo=UTC),
    )
    assert (session.slot_minutes, session.places) == (30, 24)


def test_a_session_keeps_its_hours_when_the_zone_changes_its_offset():
    berlin = clinic(*(hours(weekday) for weekday in (6, 7)), zone="Europe/Berlin")
    starts = [session.starts_at.hour for session in planned(berlin, date(2026, 3, 28), date(2026, 3, 29))]
    assert starts == [7, 6]


def test_a_session_across_a_skipped_hour_has_the_slots_that_there_is_time_for():
    night = clinic(hours(weekday=7, begin=0, end=6 * 60), zone="Europe/Berlin")
    (session,) = planned(night, date(2026, 3, 29), date(2026, 3, 29))
    assert (session.places, session.ends_at - session.starts_at) == (30, timedelta(hours=5))


def test_a_day_may_last_until_midnight():
    (session,) = planned(clinic(hours(begin=0, end=1440), zone="UTC"))
    assert (session.places, session.ends_at) == (144, datetime(2026, 3, 3, tzinfo=UTC))


def test_only_the_days_of_the_template_have_sessions():
    week = planned(clinic(hours(1), hours(4), hours(4, 13 * 60, 17 * 60)), MONDAY, date(2026, 3, 8))
    assert [session.session_on.isoweekday() for session in week] == [1, 4, 4]


def test_the_same_day_of_the_same_clinic_has_the_same_session_id_for_ever():
    (once,) = planned(clinic())
    (again,) = planned(clinic(hours(capacity=9)))
    (other,) = planned(clinic(hours(begin=9 * 60)))
    assert once.session_id == again.session_id
    assert once.session_id != other.session_id


def test_an_opened_session_says_its_places():
    (session,) = planned(clinic())
    event = session_opened(session)
    assert (event.places, event.slot_minutes, event.aggregate_version) == (24, 30, 1)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ((hours(begin=600, end=600),), Reason.HOURS_BACKWARDS),
        ((hours(begin=600, end=540),), Reason.HOURS_BACKWARDS),
        ((hours(end=1470),), Reason.HOURS_BACKWARDS),
        ((hours(minutes=50),), Reason.SLOTS_DO_NOT_FIT),
        ((hours(), hours(begin=11 * 60, end=13 * 60)), Reason.HOURS_OVERLAP),
    ],
)
def test_a_template_that_makes_no_sense_is_refused_with_its_reason(template, reason):
    assert clinic(*template).reason is reason


def test_a_zone_that_does_not_exist_is_refused():
    assert clinic(zone="Mars/Olympus").reason is Reason.ZONE_UNKNOWN


def test_a_clinic_written_again_as_it_is_stays_the_same_version():
    first = clinic(hours(4), hours(1))
    assert clinic(hours(1), hours(4), present=first) is first
    assert clinic(hours(2), present=first).version == 2


def test_a_range_of_days_goes_forward_and_is_at_most_a_year():
    assert wrong_days(MONDAY, date(2026, 3, 1)) is Reason.DAYS_BACKWARDS
    assert wrong_days(MONDAY, date(2027, 3, 3)) is Reason.TOO_MANY_DAYS
    assert wrong_days(date(2026, 3, 1), MONDAY) is Reason.DAYS_PAST
    assert wrong_days(MONDAY, date(2027, 3, 2)) is None
    assert len(planned(clinic(), MONDAY, date(2027, 3, 2))) == 53
