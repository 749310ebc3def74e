"""Who is told what when visits change: once, of what they know, and in place of what (REG-12)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.exams.model import CancelReason, ExamOrder, Status
from services.registration.patients.model import Contact, ContactChannel, Language
from services.registration.reminders import changes, model
from services.registration.reminders.changes import ExamChange
from services.registration.reminders.message import message
from services.registration.reminders.model import OF_EXAMS, OFF, Notice, Reason, State, Visit, given_up
from services.registration.reminders.policy import parse, shipped
from services.registration.reminders.visits import exams_off
from shared.ids import new_id

POLICY, TEXTS = shipped()
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
ORDER, PATIENT = new_id(), new_id()
A, B, C, D = (NOW + timedelta(days=days) for days in (5, 6, 7, 8))


def visit(starts_at):
    place = {"zh": "main CT-01", "en": "main CT-01"}
    return Visit(order_id=ORDER, patient_id=PATIENT, starts_at=starts_at, zone=ZONE, place=place, preparation={})


def change(before, there, **fields):
    usual = {
        "order_id": ORDER,
        "patient_id": PATIENT,
        "version": 7,
        "zone": ZONE,
        "before": before,
        "visits": [visit(one) for one in there],
        "starts": frozenset(there),
        "off": None,
        "shown": True,
        "moved_to": None,
    }
    return ExamChange(**usual | fields)


def notice(starts_at, code, state=State.SENT, *, version=1, at=NOW, instead_of=()):
    of = given_up(ORDER, PATIENT, starts_at, ZONE, code) if code in OFF else visit(starts_at)
    one = model.pending(of, code, at, version if code in set(Notice) else 0)
    return replace(one, state=state, instead_of=tuple(instead_of))


def said(told, present=(), now=NOW):
    """What is written: notice, start, instead of what; and what is not to be sent any more."""
    new, over = changes.notices(told, present, now)
    return [(one.rung, one.slot_starts_at, one.instead_of) for one in new], [one.slot_starts_at for one in over]


def test_each_visit_of_a_plan_that_is_given_up_is_off_and_what_has_begun_is_not():
    over = change([NOW, A, B], [], off=Notice.CALLED_OFF)
    assert said(over) == ([(Notice.CALLED_OFF, A, ()), (Notice.CALLED_OFF, B, ())], [])
    assert said(replace(over, off=None)) == ([], [])


def test_what_the_house_has_chosen_is_off_for_who_was_told_of_it_and_is_told_of_where_it_is_news():
    unasked = change([A, B], [], off=Notice.POSTPONED, shown=False)
    present = [notice(A, Notice.PLACED), notice(B, Notice.PLACED, State.PENDING)]
    assert said(unasked, present) == ([(Notice.POSTPONED, A, ())], [B])
    assert said(unasked, [notice(A, "3d", State.UNKNOWN)]) == ([(Notice.POSTPONED, A, ())], [])
    off = notice(A, Notice.POSTPONED, version=2, at=NOW + timedelta(hours=1))
    again = change([], [A], shown=False)
    assert said(again, [*present[:1], off]) == ([(Notice.PLACED, A, ())], [])
    assert said(again, present[:1]) == ([], [])
    assert said(again, [notice(A, Notice.PLACED, State.PENDING)]) == ([], [])


def test_a_booking_is_not_told_to_who_has_made_it():
    assert said(change([], [A, B])) == ([], [])


@pytest.mark.parametrize(
    ("before", "there", "moved_to", "expected"),
    [
        ([A], [B], B, [(Notice.MOVED, B, (A,))]),
        ([A], [A, B], B, [(Notice.PLACED, B, ())]),
        ([A, B], [B], B + timedelta(hours=2), [(Notice.MOVED, B, (A,))]),
        ([A], [A + timedelta(hours=1), B], B, [(Notice.MOVED, A + timedelta(hours=1), (A,)), (Notice.PLACED, B, ())]),
        ([A, B], [A, B], B + timedelta(hours=2), []),
        ([NOW, B], [B, C], C, [(Notice.PLACED, C, ())]),
    ],
)
def test_a_visit_that_is_off_for_another_is_told_with_it(before, there, moved_to, expected):
    assert said(change(before, there, moved_to=moved_to)) == (expected, [])


def test_a_plan_that_is_brought_forward_says_what_each_visit_is_there_for():
    told = [notice(one, Notice.PLACED) for one in (C, D)]
    forward = change([C, D], [A, B], shown=False)
    assert said(forward, told) == ([(Notice.MOVED, A, (C,)), (Notice.MOVED, B, (D,))], [])
    together = change([C, D], [A], shown=False)
    assert said(together, told) == ([(Notice.MOVED, A, (C, D))], [])


def test_an_exam_that_starts_when_a_visit_did_keeps_that_instant_from_being_off():
    joined = change([A, B], [A, C], starts=frozenset({A, B, C}), moved_to=C)
    assert said(joined) == ([(Notice.PLACED, C, ())], [])


def test_what_was_about_to_be_said_goes_into_what_is_said_now():
    waits = notice(B, Notice.MOVED, State.PENDING, instead_of=[A])
    assert said(change([B], [C], moved_to=C), [waits]) == ([(Notice.MOVED, C, (A, B))], [B])
    assert said(change([B], [A], moved_to=A), [waits]) == ([(Notice.MOVED, A, (B,))], [B])
    assert said(change([B, C], [B], moved_to=B), [waits]) == ([(Notice.MOVED, B, (A, C))], [B])
    assert said(change([B], [], off=Notice.CALLED_OFF), [waits]) == (
        [(Notice.CALLED_OFF, A, ()), (Notice.CALLED_OFF, B, ())],
        [B],
    )


def test_exams_that_were_to_be_put_off_in_the_morning_are_moved_or_called_off_by_then():
    waits = notice(A, Notice.POSTPONED, State.PENDING)
    assert said(change([], [C], shown=False), [waits]) == ([(Notice.MOVED, C, (A,))], [A])
    assert said(change([], [], off=Notice.CALLED_OFF, shown=False), [waits]) == ([(Notice.CALLED_OFF, A, ())], [A])
    assert said(change([], [], off=Notice.POSTPONED, shown=False), [waits]) == ([], [])


def test_what_was_said_last_is_what_the_patient_knows():
    later = NOW + timedelta(hours=1)
    reminders = [
        notice(B, Notice.MOVED, version=2, at=later, instead_of=[A]),
        notice(A, "3d"),
        notice(C, Notice.PLACED, State.FAILED),
        notice(D, Notice.CANCELLED, version=3, at=later),
        notice(D, Notice.PLACED),
    ]
    assert changes.told(reminders) == {A: False, B: True, D: False}


@given(
    before=st.sets(st.sampled_from([A, B, C, D])),
    there=st.sets(st.sampled_from([A, B, C, D]), max_size=3),
    shown=st.booleans(),
    sent=st.sets(st.sampled_from([A, B, C, D])),
    moved=st.booleans(),
)
def test_no_visit_that_stands_is_called_off_and_every_known_one_that_is_gone_is_told_once(
    before, there, shown, sent, moved
):
    present = [notice(one, Notice.PLACED) for one in sent]
    order = sorted(there)
    told = change(
        sorted(before), order, off=Notice.CALLED_OFF, shown=shown, moved_to=order[-1] if moved and order else None
    )
    new, _ = changes.notices(told, present, NOW)
    gone = [start for one in new for start in (*one.instead_of, *((one.slot_starts_at,) if one.rung in OFF else ()))]
    known = before if shown else before & sent
    assert sorted(gone) == sorted(known - there)
    assert len({(one.slot_starts_at, one.rung) for one in new}) == len(new)
    assert all(one.slot_starts_at in there for one in new if one.rung not in OFF)


def order(status, reason):
    given = dict.fromkeys(ExamOrder.__dataclass_fields__)
    return ExamOrder(**given | {"status": status, "reason": reason})


@pytest.mark.parametrize(
    ("status", "reason", "off"),
    [
        (Status.CANCELLED, CancelReason.PATIENT.value, Notice.CANCELLED),
        (Status.CANCELLED, CancelReason.HOSPITAL.value, Notice.CALLED_OFF),
        (Status.CANCELLED, CancelReason.DECEASED.value, None),
        (Status.ORDERED, None, Notice.POSTPONED),
        (Status.UNPLANNED, "no-plan", Notice.POSTPONED),
        (Status.DONE, None, None),
    ],
)
def test_who_has_died_is_told_of_nothing_and_everybody_else_why_it_is_off(status, reason, off):
    assert exams_off(order(status, reason)) == off


def test_a_notice_that_exams_are_off_is_not_superseded_by_a_rung_and_void_when_the_visit_is_back():
    off = replace(notice(A, Notice.POSTPONED, State.PENDING), next_at=NOW)
    assert model.judged(off, [NOW], POLICY, NOW, booked=True, wanted=True).state is State.SENDING
    moved = notice(B, Notice.MOVED, State.PENDING, instead_of=[A])
    assert model.judged(moved, [NOW], POLICY, NOW, booked=True, wanted=True).state is State.SENDING
    assert model.visit_of(off, [visit(B)]).off is Notice.POSTPONED
    assert model.visit_of(off, [visit(A)]) is None


def test_only_a_cancellation_that_the_patient_asked_for_is_nobodys_call_when_the_night_keeps_it_back():
    evening = datetime(2026, 3, 6, 14, tzinfo=UTC)
    for code, state in ((Notice.CANCELLED, State.DROPPED), (Notice.CALLED_OFF, State.FAILED)):
        late = model.judged(notice(evening + timedelta(hours=8), code), [], POLICY, evening, booked=True, wanted=True)
        assert (late.state, late.reason) == (state, Reason.TOO_LATE)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", sorted(OF_EXAMS))
def test_every_notice_of_exams_says_when_in_both_languages_and_nothing_to_be_glad_of(language, code):
    contact = Contact(
        patient_id=PATIENT,
        channel=ContactChannel.SMS,
        address="+86 28 0000 0000",
        language=language,
        chosen_at=NOW,
        version=1,
    )
    due = notice(B, code, State.PENDING, instead_of=[A, C] if code == Notice.MOVED else [])
    of = model.visit_of(due, [] if code in OFF else [visit(B)])
    sent = message(due, of, contact, TEXTS, NOW)
    texts = {
        Language.ZH: ("2026年03月08日 12:00", "2026年03月07日 12:00、2026年03月09日 12:00"),
        Language.EN: ("08/03/2026 at 12:00", "07/03/2026 at 12:00 and 09/03/2026 at 12:00"),
    }
    when, was = texts[language]
    assert when in sent.body
    assert (was in sent.body) == (code == Notice.MOVED)
    assert not any(
        glad in (sent.subject + sent.body).lower() for glad in ("!", "\uff01", "祝", "期待", "glad", "forward to")
    )


def test_a_policy_without_a_text_for_a_notice_is_refused():
    told = files("services.registration.reminders").joinpath("policy.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="exam_notices"):
        parse(told.replace('"postponed": {', '"displaced": {'))
