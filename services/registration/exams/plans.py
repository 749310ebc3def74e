"""What happens to the plan of an exam order: held, booked, given back, changed, done; each with its events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.registration.exams.case import Cost
from services.registration.exams.model import (
    CancelReason,
    ExamOrder,
    ExamStatus,
    PlacedExam,
    Reason,
    Status,
    exam_of,
    no,
)
from services.registration.exams.planner import Plan
from shared.decision import Refused
from shared.messages.registration.exams import (
    AdmissionExamsBooked,
    AdmissionExamsUnplanned,
    ExamDone,
    ExamPlanBooked,
    ExamPlanCancelled,
    ExamPlanChanged,
    ExamPlanHeld,
)

Said = (
    ExamPlanHeld
    | ExamPlanBooked
    | ExamPlanChanged
    | ExamPlanCancelled
    | ExamDone
    | AdmissionExamsBooked
    | AdmissionExamsUnplanned
)

Decision = tuple[ExamOrder, list[Said]] | Refused
"""The next version and what is said of it, or a no."""


def planned(
    order: ExamOrder, exams: Sequence[PlacedExam], found: Plan, alone: Plan | None, held_until: datetime | None
) -> tuple[ExamOrder, list[Said]]:
    """The order has these places beside what is done: held until then, or booked at once."""
    status = Status.BOOKED if held_until is None else Status.HELD
    kept = tuple(sorted((*order.done, *exams), key=lambda one: one.starts_at))
    placed = replace(
        order,
        status=status,
        reason=None,
        held_until=held_until,
        visits=found.cost.visits,
        stay_minutes=found.cost.stay_minutes,
        visits_one_by_one=alone.cost.visits if alone else None,
        proven=found.proven,
        exams=kept,
    )
    return _booked(placed) if held_until is None else _held(placed, held_until)


def confirm(order: ExamOrder, now: datetime) -> Decision:
    """Make a hold a booking."""
    if order.status is not Status.HELD or order.held_until is None:
        return no(Reason.NOT_HELD)
    if now >= order.held_until:
        return no(Reason.HOLD_EXPIRED)
    exams = (*order.done, *(replace(one, status=ExamStatus.BOOKED) for one in order.ahead))
    return _booked(replace(order, status=Status.BOOKED, held_until=None, exams=exams))


def cancel(order: ExamOrder, reason: CancelReason) -> Decision:
    """Give back what is not done. After an expired hold or a bed given back the order waits for places again."""
    if order.status in (Status.DONE, Status.CANCELLED):
        return no(Reason.NOT_OPEN)
    waits_again = reason in (CancelReason.EXPIRED, CancelReason.BED_GIVEN_BACK)
    given_back = replace(
        _without_places(order),
        status=Status.ORDERED if waits_again else Status.CANCELLED,
        reason=None if waits_again else reason.value,
    )
    if waits_again and not order.placed:
        return given_back, []
    said = replace(given_back, version=order.version + 1)
    return said, [
        ExamPlanCancelled(
            order_id=said.order_id, patient_id=said.patient_id, reason=reason.value, aggregate_version=said.version
        )
    ]


def unplanned(order: ExamOrder, reason: str) -> tuple[ExamOrder, list[Said]]:
    """Nothing fits: a person has to see to it. What was held is given back."""
    stands = replace(
        _without_places(order),
        status=Status.UNPLANNED,
        reason=reason,
        version=order.version + 1,
    )
    return stands, [
        AdmissionExamsUnplanned(
            request_id=stands.order_id,
            patient_id=stands.patient_id,
            exams=len(stands.to_do),
            reason=reason,
            aggregate_version=stands.version,
        )
    ]


def moved(order: ExamOrder, before: PlacedExam, after: PlacedExam, cost: Cost) -> tuple[ExamOrder, list[Said]]:
    """One exam is elsewhere now; the others are where they were."""
    exams = (*(one for one in order.exams if one.item_code != before.item_code), after)
    changed = replace(
        order,
        exams=tuple(sorted(exams, key=lambda one: one.starts_at)),
        visits=cost.visits,
        stay_minutes=cost.stay_minutes,
        proven=False,
        version=order.version + 1,
    )
    return changed, [
        ExamPlanChanged(
            order_id=order.order_id,
            patient_id=order.patient_id,
            item_code=after.item_code,
            campus_id=after.campus_id,
            starts_at=after.starts_at,
            previous_starts_at=before.starts_at,
            aggregate_version=changed.version,
        )
    ]


def reused(order: ExamOrder, now: datetime) -> tuple[ExamOrder, list[Said]]:
    """Where results stand for all that was left, the order is done; whoever prepares an admission waits for it no more.

    Such an admission has no exam ahead, and the last one is over now.
    """
    if order.to_do:
        return order, []
    covered = replace(order, status=Status.DONE, reason=None)
    return _for_admission(covered, now) if order.before_admission else (covered, [])


def done(order: ExamOrder, item_code: str, now: datetime) -> Decision:
    """The exam was done; after the last one the order is done."""
    exam = exam_of(order, item_code)
    if isinstance(exam, Refused):
        return exam
    if order.status is Status.HELD:
        return no(Reason.NOT_PLANNED)
    if now < exam.starts_at:
        return no(Reason.NOT_YET)
    exams = tuple(replace(one, status=ExamStatus.DONE) if one is exam else one for one in order.exams)
    every = all(one.status is ExamStatus.DONE for one in exams)
    after = replace(order, exams=exams, status=Status.DONE if every else order.status, version=order.version + 1)
    return after, [
        ExamDone(
            order_id=order.order_id,
            patient_id=order.patient_id,
            item_code=item_code,
            campus_id=exam.campus_id,
            reading_campus_id=exam.reading_campus_id,
            done_at=now,
            aggregate_version=after.version,
        )
    ]


def _without_places(order: ExamOrder) -> ExamOrder:
    """The order with nothing but what is done."""
    return replace(
        order,
        held_until=None,
        visits=None,
        stay_minutes=None,
        visits_one_by_one=None,
        proven=None,
        exams=order.done,
    )


def _held(order: ExamOrder, held_until: datetime) -> tuple[ExamOrder, list[Said]]:
    said = replace(order, version=order.version + 1)
    return said, [
        ExamPlanHeld(
            order_id=said.order_id,
            patient_id=said.patient_id,
            item_codes=tuple(one.item_code for one in said.ahead),
            visits=said.visits or 0,
            first_starts_at=said.ahead[0].starts_at,
            last_ends_at=said.ahead[-1].ends_at,
            held_until=held_until,
            aggregate_version=said.version,
        )
    ]


def _booked(order: ExamOrder) -> tuple[ExamOrder, list[Said]]:
    booked = ExamPlanBooked(
        order_id=order.order_id,
        patient_id=order.patient_id,
        item_codes=tuple(one.item_code for one in order.ahead),
        campus_ids=tuple(dict.fromkeys(one.campus_id for one in order.ahead)),
        visits=order.visits or 0,
        first_starts_at=order.ahead[0].starts_at,
        last_ends_at=order.ahead[-1].ends_at,
        aggregate_version=order.version + 1,
    )
    said = replace(order, version=order.version + 1)
    if not order.before_admission:
        return said, [booked]
    told, admission = _for_admission(said, order.ahead[-1].ends_at)
    return told, [booked, *admission]


def _for_admission(order: ExamOrder, last_ends_at: datetime) -> tuple[ExamOrder, list[Said]]:
    said = replace(order, version=order.version + 1)
    return said, [
        AdmissionExamsBooked(
            request_id=said.order_id,
            patient_id=said.patient_id,
            exams=len(said.ahead),
            last_ends_at=last_ends_at,
            aggregate_version=said.version,
        )
    ]
