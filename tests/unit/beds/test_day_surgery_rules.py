"""The rules of a day-surgery case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.beds.daysurgery import model
from services.beds.daysurgery.model import BookBed, CancelReason, Case, ConversionReason, Convert, Item, Phase, Status
from services.beds.requests.model import AdmissionRequest, queue
from services.beds.requests.model import Phase as RequestPhase
from services.beds.scoring.model import AdmissionClass
from shared.decision import Refused
from tests.adapters.beds.wards import requested

MORNING = datetime(2026, 3, 2, 23, tzinfo=UTC)
LIST = model.TheatreList(
    list_id="T1-0303", theatre_id="T1", campus_id="east", starts_at=MORNING + timedelta(hours=1), minutes=240, taken=0
)


def request(**changes) -> AdmissionRequest:
    event = requested(MORNING, admission_class="day", source="day-surgery", **changes)
    return queue(event, MORNING, deceased=False)[0]


def whole() -> Case:
    """A case with everything booked, not confirmed yet."""
    case = model.opened(request(), 60)
    case = model.with_item(model.with_item(case, Item.EXAMS, Status.BOOKED), Item.ANAESTHESIA, Status.DONE)
    case = model.in_theatre(case, LIST)
    return model.in_bed(case, bed(), frozenset({"day-surgery"}), LIST.on_day)


def bed(hours=10, shift=0) -> BookBed:
    from_at = MORNING + timedelta(hours=shift)
    return BookBed(case_id=uuid4(), bed_id="b", from_at=from_at, until_at=from_at + timedelta(hours=hours))


def refused(decision) -> str:
    assert isinstance(decision, Refused)
    return decision.reason


def test_only_who_waits_for_day_surgery_is_planned():
    assert refused(model.opened(replace(request(), admission_class=AdmissionClass.B), 60)) == "not-day-surgery"
    assert refused(model.opened(replace(request(), phase=RequestPhase.RESERVED), 60)) == "request-not-waiting"


@pytest.mark.parametrize("item", list(Item))
def test_a_case_is_confirmed_only_when_all_four_stand(item):
    missing = replace(whole(), **{item: Status.PENDING})
    assert refused(model.confirm(missing, LIST)) == "items-pending"
    confirmed, said = model.confirm(whole(), LIST)
    assert confirmed.phase is Phase.CONFIRMED
    assert (said.arrive_at, said.aggregate_version) == (MORNING, confirmed.version)


def test_what_is_to_be_booked_again_opens_a_confirmed_case_and_what_is_done_does_not():
    confirmed, _ = model.confirm(whole(), LIST)
    assert model.with_item(confirmed, Item.EXAMS, Status.DONE).phase is Phase.CONFIRMED
    assert model.with_item(confirmed, Item.EXAMS, Status.PENDING).phase is Phase.OPEN
    assert model.without_bed(confirmed).phase is Phase.OPEN


def test_theatre_and_bed_are_booked_by_their_own_ways():
    assert refused(model.with_item(whole(), Item.THEATRE, Status.BOOKED)) == "item-not-booked"
    assert refused(model.with_item(model.opened(request(), 60), Item.BED, Status.DONE)) == "item-not-booked"
    assert model.with_item(whole(), Item.THEATRE, Status.DONE).theatre is Status.DONE


def test_theatre_and_bed_are_of_one_day_by_the_hospitals_clock():
    day = frozenset({"day-surgery"})
    assert refused(model.in_bed(whole(), bed(hours=18), day, LIST.on_day)) == "other-day"
    assert refused(model.in_bed(whole(), bed(shift=24), day, LIST.on_day)) == "other-day"
    assert refused(model.in_theatre(whole(), replace(LIST, starts_at=MORNING + timedelta(days=1)))) == "other-day"
    assert refused(model.in_bed(whole(), bed(), frozenset({"oxygen"}), None)) == "no-day-bed"


@pytest.mark.parametrize(
    ("into", "triage"), [(AdmissionClass.DAY, None), (AdmissionClass.B, 2), (AdmissionClass.EMERGENCY, None)]
)
def test_a_case_is_converted_to_a_class_that_can_stay(into, triage):
    command = Convert(
        case_id=uuid4(), admission_class=into, triage=triage, expected_days=3, reason=ConversionReason.COMPLICATION
    )
    assert refused(model.convert(whole(), command, request())) == "no-class-for-a-stay"


def test_an_ended_case_does_not_change():
    cancelled, _ = model.cancel(whole(), CancelReason.PATIENT, request())
    assert refused(model.with_item(cancelled, Item.EXAMS, Status.DONE)) == "case-ended"
    assert refused(model.confirm(cancelled, LIST)) == "case-ended"


@pytest.mark.parametrize(("phase", "reason"), [("admitted", "already-admitted"), ("reserved", "bed-reserved")])
def test_who_is_here_or_expected_is_not_cancelled(phase, reason):
    here = replace(request(), phase=RequestPhase(phase))
    assert refused(model.cancel(whole(), CancelReason.PATIENT, here)) == reason
