"""What is told of a visit that is off or elsewhere: to whoever knows of it, once, and never to a family (REG-12)."""

from datetime import timedelta

import pytest

from shared.messages.beds.stays import ReservationExpired
from shared.messages.registration.booking import AppointmentCancelled
from shared.messages.registration.exams import ExamPlanCancelled
from tests.adapters.registration.exam_rooms import act, open_exams
from tests.adapters.registration.reminding import Post, at, booked_exams, fire, hear, move_exam, reachable, states
from tests.adapters.registration.test_admissions import request, write
from tests.adapters.registration.test_exams_before_admission import reserved
from tests.adapters.registration.waiting import FullSession
from tests.support.service import NOON


@pytest.fixture
async def exams(registration):
    """Registration with the sample hospital's exams, in the daytime of its zone."""
    registration.service.clock.set(NOON - timedelta(hours=3))
    await open_exams(registration)
    return registration


@pytest.fixture
def post():
    return Post()


async def booked(registration, patient_id, days=10, **fields):
    slot = await registration.slot(days=days)
    answer = await registration.take(slot, patient_id, **fields)
    await hear(registration)
    return answer.json()["appointment_id"], slot


async def before_admission(exams, patient_id):
    """Exams that the house has booked with a bed; the reservation, and its end."""
    body = request(patient_id, exams=["us-abdomen"])
    await write(exams, body)
    await hear(exams)
    first = reserved(body)
    await exams.service.deliver(first)
    await hear(exams)
    expired = ReservationExpired(
        stay_id=first.stay_id, patient_id=first.patient_id, bed_id=first.bed_id, aggregate_version=2
    )
    return body, expired


async def calls(registration):
    return set((await states(registration, state="failed")).values())


@pytest.mark.parametrize(
    ("reason", "language", "subject", "says"),
    [
        ("patient", "zh", "检查已取消", "已取消,请勿前来,也不必再为此做准备"),
        ("hospital", "zh", "检查取消", "由医院取消,请勿前来"),
        ("patient", "en", "Your examination is cancelled", "please do not come for it, nor prepare for it"),
        ("hospital", "en", "Your examination cannot take place", "the hospital had to cancel your examination"),
    ],
)
async def test_each_visit_of_a_cancelled_plan_is_told_of_once(exams, post, reason, language, subject, says):
    written, plan = await booked_exams(exams, await reachable(exams, language=language), "holter", "mr-head")
    later = await move_exam(exams, written, "holter", NOON + timedelta(days=14))
    await hear(exams)
    await fire(exams, post)
    post.sent.clear()
    await act(exams, written, "cancellation", {"reason": reason})
    await hear(exams)
    await fire(exams, post)
    assert [one.subject for one in post.sent] == [subject] * 2
    assert all(says in one.body for one in post.sent)
    for start in (plan["exams"][0]["starts_at"], later):
        local = at(start) + timedelta(hours=8)
        when = local.strftime("%Y年%m月%d日 %H:%M" if language == "zh" else "%d/%m/%Y at %H:%M")
        assert sum(when in one.body for one in post.sent) == 1
    cancelled = [one for one in await exams.service.said() if isinstance(one, ExamPlanCancelled)]
    await exams.service.deliver(*cancelled, times=2)
    exams.service.clock.set(at(later) - timedelta(hours=2))
    await fire(exams, post)
    assert len(post.sent) == 2


async def test_a_visit_that_is_off_for_another_is_told_of_with_it(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter")
    first = plan["exams"][0]["starts_at"]
    second = await move_exam(exams, written, "holter", NOON + timedelta(days=14))
    await hear(exams)
    await fire(exams, post)
    (sent,) = post.sent
    was, now = [(at(one) + timedelta(hours=8)).strftime("%Y年%m月%d日 %H:%M") for one in (first, second)]
    assert sent.subject == "检查时间变更"
    assert f"您原定{was}的检查已改为{now},地点:" in sent.body
    for day in (15, 14):
        last = await move_exam(exams, written, "holter", NOON + timedelta(days=day))
        await hear(exams)
        await fire(exams, post)
    assert last == second
    assert [one.subject for one in post.sent] == ["检查时间变更"] * 3
    assert now in post.sent[-1].body, "back where it was before, it is told of once more"


async def test_a_visit_that_goes_into_another_of_the_plan_is_told_of(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter", "mr-head")
    first = plan["exams"][0]
    later = await move_exam(exams, written, "holter", NOON + timedelta(days=14))
    await hear(exams)
    await fire(exams, post)
    await move_exam(exams, written, "holter", at(first["starts_at"]), which=-1, campus=first["campus_id"])
    await hear(exams)
    await fire(exams, post)
    placed, moved = post.sent
    assert (placed.subject, moved.subject) == ("检查时间", "检查时间变更")
    for start in (later, first["starts_at"]):
        assert (at(start) + timedelta(hours=8)).strftime("%Y年%m月%d日 %H:%M") in moved.body


async def test_a_change_in_the_night_is_told_in_the_morning_as_it_is_then(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter")
    first = plan["exams"][0]["starts_at"]
    exams.service.clock.advance(timedelta(hours=5))
    for day in (14, 15):
        last = await move_exam(exams, written, "holter", NOON + timedelta(days=day))
        await hear(exams)
        await fire(exams, post)
    assert post.sent == []
    exams.service.clock.advance(timedelta(hours=10))
    await fire(exams, post)
    (sent,) = post.sent
    for start in (first, last):
        assert (at(start) + timedelta(hours=8)).strftime("%Y年%m月%d日 %H:%M") in sent.body


async def test_what_nobody_was_told_of_is_not_called_off_and_what_has_begun_neither(exams, post):
    exams.service.clock.advance(timedelta(hours=5))
    _, expired = await before_admission(exams, await reachable(exams))
    await exams.service.deliver(expired)
    await hear(exams)
    written, plan = await booked_exams(exams, await reachable(exams), "ct-head")
    exams.service.clock.set(at(plan["exams"][0]["starts_at"]))
    await act(exams, written, "cancellation", {"reason": "hospital"})
    await hear(exams)
    await fire(exams, post)
    assert {rung for rung, _ in await states(exams)} <= {"placed", "3d", "1d", "2h"}
    assert [one.subject for one in post.sent if "取消" in one.subject or "延期" in one.subject] == []


async def test_exams_that_go_with_the_bed_are_put_off_and_placed_again_with_the_next(exams, post):
    body, expired = await before_admission(exams, await reachable(exams))
    await fire(exams, post)
    await exams.service.deliver(expired)
    await hear(exams)
    await fire(exams, post)
    await exams.service.deliver(reserved(body, version=3))
    await hear(exams)
    await fire(exams, post)
    assert [one.subject for one in post.sent] == ["检查时间", "检查延期", "检查时间"]
    assert post.sent[0].body == post.sent[2].body


async def test_exams_that_are_brought_forward_to_the_admission_are_told_of_in_place_of_what_they_were(exams, post):
    body = request(await reachable(exams), exams=["ecg"])
    await write(exams, body)
    await hear(exams)
    written = {"order": {"order_id": body["request_id"]}}
    await act(exams, written, "booking")
    late = await move_exam(exams, written, "ecg", NOON + timedelta(days=9))
    await hear(exams)
    await fire(exams, post)
    await exams.service.deliver(reserved(body))
    await hear(exams)
    await fire(exams, post)
    assert [one.subject for one in post.sent] == ["检查时间", "检查时间变更"]
    assert (at(late) + timedelta(hours=8)).strftime("您原定%Y年%m月%d日 %H:%M的检查已改为") in post.sent[1].body


async def test_a_move_and_the_end_of_it_that_are_heard_of_late_call_off_what_the_patient_knows(exams, post):
    written, plan = await booked_exams(exams, await reachable(exams), "holter")
    first = plan["exams"][0]["starts_at"]
    moved = await move_exam(exams, written, "holter", NOON + timedelta(days=14))
    await act(exams, written, "cancellation", {"reason": "hospital"})
    exams.service.clock.set(at(first) - timedelta(days=1))
    await fire(exams, post)
    assert post.sent == []
    await hear(exams)
    await fire(exams, post)
    assert [one.subject for one in post.sent] == ["检查取消"] * 2
    for start in (first, moved):
        assert any((at(start) + timedelta(hours=8)).strftime("%m月%d日 %H:%M") in one.body for one in post.sent)


@pytest.mark.parametrize("first", ["death", "cancellation"])
async def test_after_a_death_nobody_is_written_to_whatever_was_about_to_be_said(exams, post, first):
    patient = await reachable(exams)
    written, plan = await booked_exams(exams, patient, "ct-head")
    _, slot = await booked(exams, patient)
    if first == "cancellation":
        await act(exams, written, "cancellation", {"reason": "patient"})
        await hear(exams)
    await exams.post(f"/patients/{patient}/death", body={"deceased_at": exams.service.clock.now().isoformat()})
    await hear(exams)
    for instant in (NOON, at(plan["exams"][0]["starts_at"]) - timedelta(hours=1), slot.starts_at - timedelta(hours=1)):
        exams.service.clock.set(instant)
        await fire(exams, post)
    assert post.sent == []
    assert {state for state, _ in (await states(exams)).values()} == {"dropped"}
    assert await calls(exams) == set()


async def test_who_cannot_be_written_to_and_loses_exams_or_a_visit_to_the_house_is_to_be_called(exams, post):
    patient = await exams.patient()
    _, expired = await before_admission(exams, patient)
    await exams.service.deliver(expired)
    appointment, _ = await booked(exams, patient)
    own, _ = await booked(exams, patient, days=11)
    await exams.post(f"/appointments/{appointment}/cancellation", body={"reason": "hospital"})
    await exams.post(f"/appointments/{own}/cancellation", body={"reason": "patient"})
    await hear(exams)
    assert {rung: said for (rung, _), said in (await states(exams)).items()} == {
        "postponed": ("failed", "not-wanted"),
        "called-off": ("failed", "not-wanted"),
    }
    await fire(exams, post)
    assert post.sent == []


@pytest.mark.parametrize(("reason", "subject"), [("patient", "就诊已取消"), ("hospital", "就诊取消")])
async def test_a_cancelled_appointment_is_told_of_once_and_not_in_the_night(registration, post, reason, subject):
    registration.service.clock.advance(timedelta(hours=10))
    appointment, slot = await booked(registration, await reachable(registration))
    await registration.post(f"/appointments/{appointment}/cancellation", body={"reason": reason})
    await hear(registration)
    await fire(registration, post)
    assert post.sent == []
    registration.service.clock.advance(timedelta(hours=10))
    await fire(registration, post)
    (sent,) = post.sent
    assert sent.subject == subject
    assert slot.starts_at.strftime("%Y年%m月%d日 %H:%M") in sent.body
    (event,) = [one for one in await registration.service.said() if isinstance(one, AppointmentCancelled)]
    await registration.service.deliver(event, times=2)
    await fire(registration, post)
    assert len(post.sent) == 1


async def test_a_cancellation_that_could_be_told_in_the_night_only_is_a_call_unless_the_patient_asked(
    registration, post
):
    registration.service.clock.advance(timedelta(hours=10))
    for reason in ("patient", "hospital"):
        appointment, _ = await booked(registration, await reachable(registration), days=1)
        registration.service.clock.set(max(registration.service.clock.now(), NOON + timedelta(hours=11)))
        await registration.service.sql("UPDATE reminder SET zone = 'Pacific/Honolulu'")
        await registration.post(f"/appointments/{appointment}/cancellation", body={"reason": reason})
    await hear(registration)
    await registration.service.sql("UPDATE reminder SET zone = 'America/New_York'")
    registration.service.clock.set(NOON + timedelta(hours=15))
    await fire(registration, post)
    assert await calls(registration) == {("failed", "too-late")}
    assert {rung for rung, _ in await states(registration, state="failed")} == {"called-off"}
    assert post.sent == []


async def test_a_hold_that_goes_and_a_place_that_its_partner_alone_knew_of_are_not_told_of(registration, post):
    held = await registration.slot()
    appointment = (await registration.take(held, await reachable(registration), hold=True)).json()["appointment_id"]
    await registration.post(f"/appointments/{appointment}/cancellation", body={"reason": "hospital"})
    unasked, _ = await booked(registration, await reachable(registration))
    await registration.service.sql("UPDATE appointment SET channel = 'alliance' WHERE appointment_id = $1", unasked)
    await registration.post(f"/appointments/{unasked}/cancellation", body={"reason": "hospital"})
    await hear(registration)
    await fire(registration, post)
    assert post.sent == []
    assert await calls(registration) == set()


async def test_who_was_told_that_the_session_is_cut_is_not_told_again_when_they_give_up(registration, post):
    appointment, slot = await booked(registration, await reachable(registration), days=5)
    body = {"orphans": "notify", "reason": "clinician-away"}
    await registration.post(f"/sessions/{slot.session_id}/closure", body=body)
    await hear(registration)
    await fire(registration, post)
    await registration.post(f"/appointments/{appointment}/cancellation", body={"reason": "patient"})
    await hear(registration)
    await fire(registration, post)
    assert [one.subject for one in post.sent] == ["就诊取消"]


async def test_a_booking_that_the_waitlist_has_bettered_has_moved_and_is_not_cancelled(registration, post):
    patient = await reachable(registration)
    mine, _ = await booked(registration, patient)
    new = await FullSession.of(registration, days=3)
    entry = await new.joined(patient, replaces_appointment_id=mine)
    await new.cancel()
    assert (await new.answer(entry, "acceptance")).status_code == 200
    await hear(registration)
    await fire(registration, post)
    (sent,) = post.sent
    assert sent.subject == "就诊时间变更"
    assert new.slot.starts_at.strftime("%Y年%m月%d日 %H:%M") in sent.body
