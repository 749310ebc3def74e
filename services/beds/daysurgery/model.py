"""The rules of a day-surgery case: four things have to stand before it is confirmed, and all of them on one day.

Values in, the next case and its event out. A case has the id of its admission request (class `day`). What a theatre
list has room for and whose a day bed is, the database decides.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.beds.requests.model import AdmissionRequest
from services.beds.requests.model import Phase as RequestPhase
from services.beds.scoring.model import DAY_SURGERY, AdmissionClass, day_of
from shared.decision import Refused
from shared.messages.beds.daysurgery import DaySurgeryCancelled, DaySurgeryConverted, DaySurgeryScheduled


class Item(StrEnum):
    """What a case needs, in the order in which it is seen to."""

    EXAMS = "exams"
    ANAESTHESIA = "anaesthesia"
    THEATRE = "theatre"
    BED = "bed"


BOOKED_HERE = (Item.THEATRE, Item.BED)
"""Items that this service books itself; of the others somebody says how far they are."""


class Status(StrEnum):
    """How far an item is."""

    PENDING = "pending"
    BOOKED = "booked"
    DONE = "done"


class Phase(StrEnum):
    """Where a case is."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    CONVERTED = "converted"
    CANCELLED = "cancelled"


class ConversionReason(StrEnum):
    """Why a day case becomes a normal stay."""

    COMPLICATION = "complication"
    SLOW_RECOVERY = "slow-recovery"
    LONGER_PROCEDURE = "longer-procedure"
    NOBODY_AT_HOME = "nobody-at-home"


class CancelReason(StrEnum):
    """Why a case will not be."""

    PATIENT = "patient"
    UNFIT = "unfit"
    HOSPITAL = "hospital"
    DECEASED = "deceased"


class Reason(StrEnum):
    """Why a command was refused."""

    CASE_EXISTS = "case-exists"
    NOT_DAY_SURGERY = "not-day-surgery"
    NOT_WAITING = "request-not-waiting"
    CASE_ENDED = "case-ended"
    ITEMS_PENDING = "items-pending"
    NOT_BOOKED = "item-not-booked"
    OTHER_DAY = "other-day"
    NO_DAY_BED = "no-day-bed"
    LIST_FULL = "theatre-list-full"
    LIST_EXISTS = "theatre-list-exists"
    DAY_BED_TAKEN = "day-bed-taken"
    BED_RESERVED = "bed-reserved"
    ADMITTED = "already-admitted"
    CLASS = "no-class-for-a-stay"


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreList:
    """A theatre's session for day surgery. `taken` are the minutes of its cases, turnover included."""

    list_id: str
    theatre_id: str
    campus_id: str
    starts_at: datetime
    minutes: int
    taken: int

    @property
    def on_day(self) -> date:
        """Its day by the hospital's clock."""
        return day_of(self.starts_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookBed:
    """Keep a day bed for a case, from arrival until it has to be left."""

    case_id: UUID
    bed_id: str
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert:
    """Make a normal stay of a case. `triage` for an emergency only."""

    case_id: UUID
    admission_class: AdmissionClass
    triage: int | None
    expected_days: int
    reason: ConversionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case in its latest version. `minutes` of theatre, turnover included."""

    case_id: UUID
    patient_id: UUID
    minutes: int
    phase: Phase
    exams: Status
    anaesthesia: Status
    theatre: Status
    bed: Status
    list_id: str | None = None
    bed_id: str | None = None
    bed_from_at: datetime | None = None
    bed_until_at: datetime | None = None
    reason: str | None = None
    version: int

    @property
    def pending(self) -> tuple[Item, ...]:
        """What does not stand yet."""
        return tuple(item for item in Item if getattr(self, item) is Status.PENDING)


def opened(request: AdmissionRequest, minutes: int) -> Case | Refused:
    """A case for somebody who waits for day surgery."""
    if request.admission_class is not AdmissionClass.DAY:
        return Refused(reason=Reason.NOT_DAY_SURGERY, remedy="open cases for requests of class day only")
    if request.phase is not RequestPhase.WAITING:
        return Refused(reason=Reason.NOT_WAITING, remedy=f"the request is {request.phase}: there is nothing to plan")
    pending = Status.PENDING
    return Case(
        case_id=request.request_id,
        patient_id=request.patient_id,
        minutes=minutes,
        phase=Phase.OPEN,
        exams=pending,
        anaesthesia=pending,
        theatre=pending,
        bed=pending,
        version=1,
    )


def check_running(case: Case) -> Refused | None:
    """Only a case that has not ended can change."""
    if case.phase in (Phase.OPEN, Phase.CONFIRMED):
        return None
    return Refused(reason=Reason.CASE_ENDED, remedy=f"the case is {case.phase}: write a new admission request")


def with_item(case: Case, item: Item, status: Status) -> Case | Refused:
    """An item is booked, done, or to be booked again, which opens a confirmed case.

    Theatre and bed are booked in their own ways; here they can only be said to be done.
    """
    if refused := check_running(case):
        return refused
    if item in BOOKED_HERE and (status is not Status.DONE or getattr(case, item) is Status.PENDING):
        return Refused(reason=Reason.NOT_BOOKED, remedy=f"book {item} by its own route; then say that it is done")
    phase = Phase.OPEN if status is Status.PENDING else case.phase
    return replace(case, **{item: status}, phase=phase, version=case.version + 1)  # type: ignore[arg-type]


def in_theatre(case: Case, on: TheatreList) -> Case | Refused:
    """The case has its minutes in a list."""
    if refused := check_running(case):
        return refused
    if case.bed_from_at is not None and day_of(case.bed_from_at) != on.on_day:
        return other_day()
    return changed(case, theatre=Status.BOOKED, list_id=on.list_id)


def in_bed(case: Case, command: BookBed, attributes: frozenset[str], theatre_on: date | None) -> Case | Refused:
    """The case has a day bed from its arrival until the evening of the same day."""
    if refused := check_running(case):
        return refused
    if DAY_SURGERY not in attributes:
        return Refused(reason=Reason.NO_DAY_BED, remedy=f"choose a bed with the attribute {DAY_SURGERY}")
    days = {day_of(command.from_at), day_of(command.until_at)} | ({theatre_on} if theatre_on else set())
    if len(days) > 1 or command.from_at >= command.until_at:
        return other_day()
    return changed(
        case,
        bed=Status.BOOKED,
        bed_id=command.bed_id,
        bed_from_at=command.from_at,
        bed_until_at=command.until_at,
    )


def without_bed(case: Case) -> Case:
    """The day bed was taken by somebody else: the case has to be looked at again."""
    return changed(case, bed=Status.PENDING, bed_id=None, bed_from_at=None, bed_until_at=None)


def confirm(case: Case, on: TheatreList | None) -> tuple[Case, DaySurgeryScheduled] | Refused:
    """All four stand: the patient can be told."""
    if refused := check_running(case):
        return refused
    if case.pending or on is None or case.bed_id is None or case.bed_from_at is None or case.bed_until_at is None:
        return Refused(reason=Reason.ITEMS_PENDING, remedy=f"see first to {', '.join(case.pending)}")
    confirmed = replace(case, phase=Phase.CONFIRMED, version=case.version + 1)
    return confirmed, DaySurgeryScheduled(
        case_id=case.case_id,
        patient_id=case.patient_id,
        theatre_id=on.theatre_id,
        theatre_from_at=on.starts_at,
        bed_id=case.bed_id,
        arrive_at=case.bed_from_at,
        leave_by=case.bed_until_at,
        aggregate_version=confirmed.version,
    )


def convert(case: Case, command: Convert, request: AdmissionRequest) -> tuple[Case, DaySurgeryConverted] | Refused:
    """The patient stays: the request has another class from now on, and the stay goes on under the same id."""
    if refused := check_running(case):
        return refused
    emergency = command.admission_class is AdmissionClass.EMERGENCY
    if command.admission_class is AdmissionClass.DAY or emergency != (command.triage is not None):
        return Refused(reason=Reason.CLASS, remedy="give emergency with a triage level, or A, B, C or transfer without")
    if request.phase is RequestPhase.RESERVED:
        return Refused(reason=Reason.BED_RESERVED, remedy="admit the patient first, or let the reservation end")
    converted = ended(case, Phase.CONVERTED, command.reason)
    return converted, DaySurgeryConverted(
        case_id=case.case_id,
        patient_id=case.patient_id,
        admission_class=command.admission_class,
        reason=command.reason,
        admitted=request.phase is RequestPhase.ADMITTED,
        aggregate_version=converted.version,
    )


def cancel(case: Case, reason: CancelReason, request: AdmissionRequest) -> tuple[Case, DaySurgeryCancelled] | Refused:
    """The case will not be; theatre and bed are free for others."""
    if refused := check_running(case):
        return refused
    if request.phase is RequestPhase.ADMITTED:
        return Refused(reason=Reason.ADMITTED, remedy="the patient is here: convert the case, or let the patient leave")
    if request.phase is RequestPhase.RESERVED:
        return Refused(reason=Reason.BED_RESERVED, remedy="let the reservation end first")
    cancelled = ended(case, Phase.CANCELLED, reason)
    return cancelled, DaySurgeryCancelled(
        case_id=case.case_id, patient_id=case.patient_id, reason=reason, aggregate_version=cancelled.version
    )


def ended(case: Case, phase: Phase, reason: str) -> Case:
    """The case is over; it keeps what it had, as a record, and claims none of it."""
    return replace(case, phase=phase, reason=reason, version=case.version + 1)


def changed(case: Case, **changes: object) -> Case:
    """The next version; it has to be confirmed (again)."""
    return replace(case, **changes, phase=Phase.OPEN, version=case.version + 1)  # type: ignore[arg-type]


def other_day() -> Refused:
    """Theatre and bed are not of one day."""
    return Refused(reason=Reason.OTHER_DAY, remedy="choose theatre and bed of one day, the bed left after it is taken")
