"""The rules of an exam order.

ordered → held → booked → done, or done without a place where recognised results stand for all that is left; a hold that
nobody confirms, or a bed given back, makes it ordered again; what nothing fits for is `unplanned` and stands on a
worklist with its reason; what is not done yet can be cancelled. All exams of an order are held together or none is. An
order for an admission has the id of the admission request.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.registration.exams.case import MOST_EXAMS
from shared.decision import Refused


class Status(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    ORDERED = "ordered"
    UNPLANNED = "unplanned"
    HELD = "held"
    BOOKED = "booked"
    DONE = "done"
    CANCELLED = "cancelled"


class ExamStatus(StrEnum):
    """How one exam of an order stands."""

    HELD = "held"
    BOOKED = "booked"
    DONE = "done"


class CancelReason(StrEnum):
    """Why the devices were given back."""

    PATIENT = "patient"
    HOSPITAL = "hospital"
    DECEASED = "deceased"
    EXPIRED = "expired"
    BED_GIVEN_BACK = "bed-given-back"


class Reason(StrEnum):
    """Why a command was refused, or an order is unplanned."""

    ORDER_EXISTS = "exam-order-exists"
    ITEM_TWICE = "item-twice"
    TOO_MANY_EXAMS = "too-many-exams"
    WINDOW_BACKWARDS = "window-backwards"
    NOT_OPEN = "not-open"
    NOT_HELD = "not-held"
    NOT_PLANNED = "not-planned"
    NOT_IN_ORDER = "item-not-in-order"
    NOTHING_TO_PLAN = "nothing-to-plan"
    HOLD_EXPIRED = "hold-expired"
    DECISION_MISSING = "recognition-decision-missing"
    NO_PLAN = "no-plan"
    PLACES_TAKEN = "places-taken"
    ALREADY_DONE = "already-done"
    NOT_YET = "not-yet"
    RULE_BROKEN = "exam-rule-broken"
    DEVICE_IN_USE = "device-in-use"
    NOT_CLOSED = "not-closed"


REMEDIES = {
    Reason.ORDER_EXISTS: "use a new order_id, or change the order that has this one",
    Reason.ITEM_TWICE: "name each item once",
    Reason.TOO_MANY_EXAMS: f"give 1 to {MOST_EXAMS} items; write a second order for more",
    Reason.WINDOW_BACKWARDS: "give windows that end after they start, and a latest_at after not_before",
    Reason.NOT_OPEN: "only an order without places can be planned; cancel what it has first",
    Reason.NOT_HELD: "hold a plan first",
    Reason.NOT_PLANNED: "the order has no places yet",
    Reason.NOT_IN_ORDER: "give an item of this order that is to be done",
    Reason.NOTHING_TO_PLAN: "every exam of the order is done, or covered by a recognised result",
    Reason.HOLD_EXPIRED: "hold a plan again and confirm it in time",
    Reason.DECISION_MISSING: "decide about each recognised result first: reuse it, or override it with a reason",
    Reason.NO_PLAN: "give more days, wider windows or more campuses",
    Reason.PLACES_TAKEN: "others were quicker: ask again",
    Reason.ALREADY_DONE: "an exam that is done stays where it was",
    Reason.NOT_YET: "note an exam as done once it has begun",
    Reason.DEVICE_IN_USE: "move what GET /exam-devices/{device_id}/uses shows in that time first",
    Reason.NOT_CLOSED: "the device is not closed in that time: read GET /exam-devices/{device_id}/uses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExams:
    """Write an order. Without `campus_ids` every campus will do, without `windows` every hour."""

    order_id: UUID
    patient_id: UUID
    item_codes: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    campus_ids: tuple[str, ...] = ()
    windows: tuple[tuple[datetime, datetime], ...] = ()
    not_before: datetime | None = None
    latest_at: datetime | None = None
    before_admission: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveExam:
    """Give one exam of an order another start, on this device, or on any of this campus, or anywhere."""

    order_id: UUID
    item_code: str
    starts_at: datetime
    campus_id: str | None = None
    device_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A time in which a device is out of use."""

    device_id: str
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceUse:
    """An exam on a device, or a closure (`closed`), which is nobody's."""

    starts_at: datetime
    ends_at: datetime
    status: str
    order_id: UUID | None
    patient_id: UUID | None
    item_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedExam:
    """One exam of an order on its device."""

    item_code: str
    device_id: str
    campus_id: str
    reading_campus_id: str
    starts_at: datetime
    ends_at: datetime
    status: ExamStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamOrder:
    """An order in its latest version. `proven` says whether its plan was the best; `visits_one_by_one` compares it."""

    order_id: UUID
    patient_id: UUID
    item_codes: tuple[str, ...]
    reused_codes: tuple[str, ...]
    conditions: tuple[str, ...]
    campus_ids: tuple[str, ...]
    windows: tuple[tuple[datetime, datetime], ...]
    not_before: datetime | None
    latest_at: datetime | None
    before_admission: bool
    status: Status
    reason: str | None
    held_until: datetime | None
    visits: int | None
    stay_minutes: int | None
    visits_one_by_one: int | None
    proven: bool | None
    exams: tuple[PlacedExam, ...]
    ordered_at: datetime
    version: int

    @property
    def done(self) -> tuple[PlacedExam, ...]:
        """The exams that are done; they stay where they were."""
        return tuple(one for one in self.exams if one.status is ExamStatus.DONE)

    @property
    def ahead(self) -> tuple[PlacedExam, ...]:
        """The exams that have places and are not done, in the order of time."""
        return tuple(one for one in self.exams if one.status is not ExamStatus.DONE)

    @property
    def to_do(self) -> tuple[str, ...]:
        """The items that are not done, and that no recognised result stands for."""
        over = {*self.reused_codes, *(one.item_code for one in self.done)}
        return tuple(code for code in self.item_codes if code not in over)

    @property
    def open(self) -> bool:
        """Whether it waits for places."""
        return self.status in (Status.ORDERED, Status.UNPLANNED)

    @property
    def placed(self) -> bool:
        """Whether devices are kept for it."""
        return self.status in (Status.HELD, Status.BOOKED)


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def order(command: OrderExams, now: datetime) -> ExamOrder | Refused:
    """Write the order; it has no version until something is said of it."""
    if len(set(command.item_codes)) < len(command.item_codes):
        return no(Reason.ITEM_TWICE)
    if not 0 < len(command.item_codes) <= MOST_EXAMS:
        return no(Reason.TOO_MANY_EXAMS)
    spans = [
        *command.windows,
        (command.not_before or now, command.latest_at or datetime.max.replace(tzinfo=now.tzinfo)),
    ]
    if any(start >= end for start, end in spans):
        return no(Reason.WINDOW_BACKWARDS)
    return ExamOrder(
        order_id=command.order_id,
        patient_id=command.patient_id,
        item_codes=command.item_codes,
        reused_codes=(),
        conditions=command.conditions,
        campus_ids=command.campus_ids,
        windows=tuple(sorted(command.windows)),
        not_before=command.not_before,
        latest_at=command.latest_at,
        before_admission=command.before_admission,
        status=Status.ORDERED,
        reason=None,
        held_until=None,
        visits=None,
        stay_minutes=None,
        visits_one_by_one=None,
        proven=None,
        exams=(),
        ordered_at=now,
        version=0,
    )


def reuse(order: ExamOrder, item_code: str) -> ExamOrder | Refused:
    """A recognised result stands for the item."""
    if not order.open:
        return no(Reason.NOT_OPEN)
    if item_code not in order.to_do:
        return no(Reason.NOT_IN_ORDER)
    return replace(order, reused_codes=(*order.reused_codes, item_code))


def exam_of(order: ExamOrder, item_code: str) -> PlacedExam | Refused:
    """The exam of an order that has places, not done yet."""
    if not order.placed:
        return no(Reason.NOT_PLANNED)
    found = next((one for one in order.exams if one.item_code == item_code), None)
    if found is None:
        return no(Reason.NOT_IN_ORDER)
    return no(Reason.ALREADY_DONE) if found.status is ExamStatus.DONE else found


def until(order: ExamOrder, latest_at: datetime) -> ExamOrder:
    """The order with another end of its time."""
    return replace(order, latest_at=latest_at)


def may_plan(order: ExamOrder) -> Refused | None:
    """Whether places may be looked for."""
    if not order.to_do:
        return no(Reason.NOTHING_TO_PLAN)
    return None if order.open else no(Reason.NOT_OPEN)
