"""When a reminder is due, what quiet hours do to it, and what its attempts lead to."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.booking.model import Appointment, Channel, Status
from services.registration.examcatalogue.model import Preparation
from services.registration.exams.model import ExamStatus, PlacedExam
from services.registration.exams.visits import ExamVisit, by_visit
from services.registration.patients.model import Contact, ContactChannel, Language
from services.registration.reminders import model
from services.registration.reminders.message import message
from services.registration.reminders.model import Notice, Reason, Result, State
from services.registration.reminders.policy import parse, shipped
from services.registration.reminders.timing import Quiet
from services.registration.reminders.visits import at_clinic, for_exams
from services.registration.schedules.model import Clinic
from shared.ids import new_id

POLICY, TEXTS = shipped()
SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def at(text, zone=SHANGHAI):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def booked(slot_starts_at, **changes):
    usual = Appointment(
        appointment_id=new_id(),
        patient_id=new_id(),
        session_id=new_id(),
        clinic_id="heart",
        slot_starts_at=slot_starts_at,
        slot_ends_at=slot_starts_at + timedelta(minutes=30),
        ordinal=1,
        status=Status.BOOKED,
        visit_type="outpatient",
        channel=Channel.APP,
        encounter_id=None,
        held_until=None,
        booked_at=slot_starts_at - timedelta(days=30),
        arrived_at=None,
        completed_at=None,
        cancel_reason=None,
        version=1,
    )
    return replace(usual, **changes)


def heart(zone=SHANGHAI, specialty="cardiology"):
    return Clinic(
        clinic_id="heart",
        campus_id="main",
        specialty=specialty,
        zone=zone,
        name_zh="心内科",
        name_en="Heart clinic",
        template=(),
        version=1,
    )


def visit(slot_starts_at, zone=SHANGHAI, specialty="cardiology", **changes):
    return at_clinic(booked(slot_starts_at, **changes), heart(zone, specialty), TEXTS.preparations)


def exam_visit(starts_at, *told):
    return for_exams(
        ExamVisit(
            order_id=new_id(),
            patient_id=new_id(),
            before_admission=False,
            starts_at=starts_at,
            zone=SHANGHAI,
            campus_id="main",
            room="CT-01",
            preparations=[
                Preparation(preparation_code=str(number), condition=None, text_zh=zh, text_en=en, source="ours")
                for number, (zh, en) in enumerate(told)
            ],
        )
    )


def someone(language):
    return Contact(
        patient_id=new_id(),
        channel=ContactChannel.SMS,
        address="+86 28 0000 0000",
        language=language,
        chosen_at=at("2026-03-01 12:00"),
        version=1,
    )


def plan(slot, booked_at="2026-03-01 12:00", zone=SHANGHAI):
    reminders = model.planned(visit(at(slot, zone), zone), POLICY, at(booked_at, zone))
    return {one.rung: one.due_at.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for one in reminders}


def reminder(**changes):
    slot = at("2026-03-20 10:00")
    (first, *_) = model.planned(visit(slot), POLICY, at("2026-03-01 12:00"))
    return replace(first, **changes)


def judged(one, now, *, booked=True, wanted=True, later=()):
    return model.judged(one, later, POLICY, at(now), booked=booked, wanted=wanted)


def test_a_visit_has_three_reminders_at_the_clock_of_its_campus():
    assert plan("2026-03-20 10:00") == {"3d": "03-17 10:00", "1d": "03-19 10:00", "2h": "03-20 08:00"}


def test_what_is_over_when_it_is_booked_is_not_planned():
    assert plan("2026-03-20 10:00", "2026-03-19 15:00") == {"2h": "03-20 08:00"}
    assert plan("2026-03-20 10:00", "2026-03-20 09:00") == {}


@pytest.mark.parametrize(
    ("slot", "due"),
    [("09:00", "03-20 08:00"), ("08:30", "03-20 08:00"), ("08:00", "03-19 20:30"), ("07:00", "03-19 20:30")],
)
def test_what_falls_into_the_quiet_is_put_off_or_done_before_it(slot, due):
    assert plan(f"2026-03-20 {slot}")["2h"] == due


def test_days_keep_the_clock_when_it_is_put_forward_or_back():
    spring = plan("2026-03-30 10:00", "2026-03-01 12:00", BERLIN)
    autumn = plan("2026-10-26 10:00", "2026-10-01 12:00", BERLIN)
    assert spring == {"3d": "03-27 10:00", "1d": "03-29 10:00", "2h": "03-30 08:00"}
    assert autumn == {"3d": "10-23 10:00", "1d": "10-25 10:00", "2h": "10-26 08:00"}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 10), (date(2026, 10, 24), 12), (date(2026, 6, 1), 11)])
def test_a_night_is_shorter_or_longer_when_the_clock_changes(day, hours):
    zone = ZoneInfo(BERLIN)
    begin = datetime.combine(day, time(21), zone).astimezone(UTC)
    assert POLICY.quiet.ends_at(begin, zone) == begin + timedelta(hours=hours)
    assert POLICY.quiet.ends_at(begin - timedelta(seconds=1), zone) is None
    assert POLICY.quiet.ends_at(begin + timedelta(hours=hours), zone) is None


@given(
    slot=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    zone=st.sampled_from([SHANGHAI, BERLIN, "America/Sao_Paulo", "Australia/Lord_Howe"]),
)
def test_no_reminder_is_due_in_the_quiet_or_after_the_visit(slot, zone):
    reminders = model.planned(visit(slot, zone), POLICY, slot - timedelta(days=30))
    assert reminders
    assert [one.due_at for one in reminders] == sorted({one.due_at for one in reminders})
    for one in reminders:
        assert POLICY.quiet.ends_at(one.due_at, ZoneInfo(zone)) is None
        assert one.due_at < slot


def test_a_quiet_within_a_day_is_one_too():
    noon = Quiet(begin=time(12), end=time(14))
    assert noon.ends_at(at("2026-03-02 13:00"), ZoneInfo(SHANGHAI)) == at("2026-03-02 14:00")
    assert noon.ends_at(at("2026-03-02 14:00"), ZoneInfo(SHANGHAI)) is None
    assert noon.began_at(at("2026-03-02 14:00"), ZoneInfo(SHANGHAI)) == at("2026-03-02 12:00")


def test_one_that_comes_up_is_claimed_for_one_attempt():
    claimed = judged(reminder(), "2026-03-17 10:00")
    assert (claimed.state, claimed.attempts) == (State.SENDING, 1)
    assert judged(claimed, "2026-03-17 10:10").reason == Reason.INTERRUPTED


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"booked": False}, Reason.NOT_BOOKED),
        ({"wanted": False}, Reason.NOT_WANTED),
        ({"later": (at("2026-03-17 09:00"),)}, Reason.SUPERSEDED),
    ],
)
def test_one_that_is_no_longer_wanted_is_dropped_with_its_reason(given, reason):
    dropped = judged(reminder(), "2026-03-17 10:00", **given)
    assert (dropped.state, dropped.reason, dropped.next_at) == (State.DROPPED, reason, None)


def test_one_that_comes_up_late_waits_for_the_morning_or_is_too_late_and_a_notice_has_failed_then():
    assert judged(reminder(), "2026-03-18 22:00").next_at == at("2026-03-19 08:00")
    assert judged(reminder(), "2026-03-20 10:00").reason == Reason.TOO_LATE
    early = reminder(slot_starts_at=at("2026-03-19 07:00"))
    assert judged(early, "2026-03-18 22:00").state is State.DROPPED
    notice = judged(replace(early, rung=Notice.PLACED), "2026-03-18 22:00")
    assert (notice.state, notice.reason) == (State.FAILED, Reason.TOO_LATE)


def test_an_attempt_is_repeated_with_growing_pauses_and_then_given_up():
    one, pauses = reminder(), []
    while one.state is not State.FAILED:
        sending = replace(one, state=State.SENDING, attempts=one.attempts + 1)
        one = model.settled(sending, Result.DEFERRED, POLICY, at("2026-03-17 10:00"))
        pauses += [one.next_at - at("2026-03-17 10:00")] if one.next_at else []
    assert pauses == list(POLICY.retries)
    assert (one.reason, one.attempts) == (Reason.ATTEMPTS_USED, len(POLICY.retries) + 1)


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (Result.SENT, State.SENT, None),
        (Result.REFUSED, State.FAILED, Reason.ADDRESS_REFUSED),
        (Result.NO_CHANNEL, State.FAILED, Reason.NO_CHANNEL),
        (Result.UNKNOWN, State.UNKNOWN, Reason.INTERRUPTED),
    ],
)
def test_an_attempt_ends_it_where_it_is_plain_or_may_not_be_repeated(result, state, reason):
    sending = reminder(state=State.SENDING, attempts=1)
    done = model.settled(sending, result, POLICY, at("2026-03-17 10:00"))
    assert (done.state, done.reason, done.next_at) == (state, reason, None)


def test_a_late_word_that_it_was_sent_is_believed_and_no_other():
    lost = reminder(state=State.UNKNOWN, reason=Reason.INTERRUPTED, next_at=None, ended_at=at("2026-03-17 10:10"))
    assert model.settled(lost, Result.SENT, POLICY, at("2026-03-17 10:11")).state is State.SENT
    assert model.settled(lost, Result.DEFERRED, POLICY, at("2026-03-17 10:11")) == lost


@pytest.mark.parametrize(
    ("language", "specialty", "rung", "holds"),
    [
        (Language.ZH, "cardiology", "3d", ("2026年03月20日 10:00", "心内科", "心电图")),
        (Language.EN, "cardiology", "3d", ("20/03/2026 at 10:00", "Heart clinic", "ECGs")),
        (Language.EN, "neurology", "3d", ("Heart clinic", "before. If you")),
        (Language.ZH, "cardiology", Notice.MOVED, ("已改为2026年03月20日 10:00", "心内科")),
        (Language.EN, "cardiology", Notice.DISPLACED, ("Heart clinic on 20/03/2026 at 10:00 cannot take place",)),
        (Language.ZH, "cardiology", Notice.CANCELLED, ("您原定2026年03月20日 10:00在心内科的就诊已取消",)),
        (Language.EN, "cardiology", Notice.CALLED_OFF, ("cancel your visit to Heart clinic on 20/03/2026 at 10:00",)),
    ],
)
def test_a_message_says_when_and_where_and_what_to_prepare(language, specialty, rung, holds):
    of = visit(at("2026-03-20 10:00"), specialty=specialty)
    said = message(reminder(rung=rung), of, someone(language), TEXTS, at("2026-03-17 10:00"))
    for part in holds:
        assert part in said.body


def test_a_notice_of_what_does_not_take_place_waits_for_the_morning_and_is_not_superseded():
    displaced = visit(at("2026-03-20 10:00"), status=Status.DISPLACED)
    assert model.planned(displaced, POLICY, at("2026-03-01 12:00")) == []
    notice = model.pending(displaced, Notice.DISPLACED, at("2026-03-19 22:00"))
    assert model.is_of(notice, displaced)
    assert not model.is_of(notice, replace(displaced, off=None))
    assert judged(notice, "2026-03-19 22:00").next_at == at("2026-03-20 08:00")
    assert judged(notice, "2026-03-20 08:00", later=[at("2026-03-20 08:00")]).state is State.SENDING


def test_a_visit_for_exams_is_reminded_of_on_the_same_rungs_as_an_appointment():
    exams = model.planned(exam_visit(at("2026-03-20 09:00")), POLICY, at("2026-03-01 12:00"))
    clinic = model.planned(visit(at("2026-03-20 09:00")), POLICY, at("2026-03-01 12:00"))
    assert [(one.rung, one.due_at) for one in exams] == [(one.rung, one.due_at) for one in clinic]


@pytest.mark.parametrize(
    ("language", "rung", "said"),
    [
        (Language.ZH, "1d", "您已预约2026年03月20日 08:30的检查,地点:main CT-01,请提前15分钟签到。禁食。带报告。如"),
        (Language.EN, "1d", "on 20/03/2026 at 08:30, at main CT-01; please check in 15 minutes before. Fast. Bring"),
        (Language.ZH, Notice.PLACED, "您的检查时间现为2026年03月20日 08:30,地点:main CT-01。禁食。带报告。如"),
        (Language.EN, Notice.PLACED, "now on 20/03/2026 at 08:30, at main CT-01. Fast. Bring the report. If you"),
    ],
)
def test_a_message_before_exams_says_when_where_and_every_preparation_but_in_its_subject_nothing(language, rung, said):
    visit = exam_visit(at("2026-03-20 08:30"), ("禁食。", "Fast."), ("带报告。", "Bring the report."))
    due = model.pending(visit, rung, at("2026-03-17 10:00"))
    sent = message(due, visit, someone(language), TEXTS, at("2026-03-17 10:00"))
    assert said in sent.body
    assert sent.subject in {"检查提醒", "检查时间", "Your examination", "Time of your examination"}


def test_a_message_before_exams_without_preparation_says_no_more():
    visit = exam_visit(at("2026-03-20 08:30"))
    due = model.pending(visit, "1d", at("2026-03-17 10:00"))
    assert "before. If you" in message(due, visit, someone(Language.EN), TEXTS, at("2026-03-17 10:00")).body


def test_two_orders_of_a_patient_at_one_instant_are_reminded_of_apart():
    one = exam_visit(at("2026-03-20 08:30"))
    other = replace(one, order_id=new_id())
    assert model.pending(one, "1d", one.starts_at) == model.pending(one, "1d", one.starts_at)
    assert model.pending(one, "1d", one.starts_at).reminder_id != model.pending(other, "1d", one.starts_at).reminder_id


def test_exams_are_a_visit_by_campus_and_day_of_the_hospital():
    def placed(code, starts_at, campus_id="main"):
        return PlacedExam(
            item_code=code,
            device_id=f"{campus_id}-1",
            campus_id=campus_id,
            reading_campus_id="main",
            starts_at=at(starts_at),
            ends_at=at(starts_at) + timedelta(minutes=10),
            status=ExamStatus.BOOKED,
        )

    exams = [
        placed("a", "2026-03-20 07:30"),
        placed("b", "2026-03-20 08:30"),
        placed("c", "2026-03-20 10:00", "north"),
        placed("d", "2026-03-20 12:00"),
        placed("e", "2026-03-21 07:00"),
    ]
    found = [[one.item_code for one in visit] for visit in by_visit(exams, ZoneInfo(SHANGHAI))]
    assert found == [["a", "b"], ["c"], ["d"], ["e"]]


def test_a_policy_whose_rungs_are_out_of_order_is_refused():
    told = files("services.registration.reminders").joinpath("policy.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="nearer to the visit"):
        parse(told.replace('{"code": "3d", "days": 3}', '{"code": "3d", "days": 0}'))
