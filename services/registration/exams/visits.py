"""The visits of a booked plan: who comes, when, where it begins, and what they are told before.

Invariant: exams that follow each other on one campus and one day of the hospital's calendar are one visit, as in the
planner's count; one that has begun keeps its start, whatever of it is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.examcatalogue import handlers as catalogues
from services.registration.examcatalogue.model import Preparation
from services.registration.exams import store
from services.registration.exams.model import ExamOrder, ExamStatus, PlacedExam, Status
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamVisit:
    """One coming for exams of an order. It begins in `room`; the preparations are those of what is not done yet."""

    order_id: UUID
    patient_id: UUID
    before_admission: bool
    starts_at: datetime
    zone: str
    campus_id: str
    room: str
    preparations: Sequence[Preparation]


async def visits(order_id: UUID, work: Work) -> list[ExamVisit]:
    """The visits that the order's plan still asks for, in order of time; none unless it is booked."""
    order = await store.order(work, order_id)
    if order.status is not Status.BOOKED:
        return []
    zone = await catalogues.zone(work)
    comings = [one for one in by_visit(order.exams, ZoneInfo(zone)) if _to_do(one)]
    devices = await catalogues.devices_by_id([one[0].device_id for one in comings], work)
    return [
        ExamVisit(
            order_id=order_id,
            patient_id=order.patient_id,
            before_admission=order.before_admission,
            starts_at=exams[0].starts_at,
            zone=zone,
            campus_id=exams[0].campus_id,
            room=devices[exams[0].device_id].room,
            preparations=await catalogues.told(_to_do(exams), order.conditions, work),
        )
        for exams in comings
    ]


async def order_of(order_id: UUID, work: Work) -> ExamOrder:
    """The order as it is now; `Missing` when there is none."""
    return await store.order(work, order_id)


async def starts_of(order: ExamOrder, work: Work) -> tuple[datetime, ...]:
    """When the visits that its plan asks for begin; none unless it is booked."""
    if order.status is not Status.BOOKED:
        return ()
    zone = ZoneInfo(await catalogues.zone(work))
    return tuple(one[0].starts_at for one in by_visit(order.exams, zone) if _to_do(one))


def by_visit(exams: Sequence[PlacedExam], zone: ZoneInfo) -> list[tuple[PlacedExam, ...]]:
    """Exams in order of time, those of a visit together."""

    def coming(exam: PlacedExam) -> tuple[str, date]:
        return exam.campus_id, exam.starts_at.astimezone(zone).date()

    return [tuple(together) for _, together in groupby(exams, coming)]


def _to_do(exams: Sequence[PlacedExam]) -> list[str]:
    return [one.item_code for one in exams if one.status is not ExamStatus.DONE]
