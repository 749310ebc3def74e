"""The rules of the coordinator's desk: what it is told of a request, and what of that asks for a person.

Invariant: a reason to look stays until somebody has seen to it, and a graver one is never covered by a lesser one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.messages.beds.coordination import ReservationAnswered


class Attention(StrEnum):
    """Why a person has to look, the gravest first."""

    DEAD = "dead"
    CONDITION_WORSE = "condition_worse"
    WITHDRAWN_WISH = "withdrawn_wish"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    EXAMS_UNPLANNED = "exams_unplanned"
    WANTS_TO_WAIT = "wants_to_wait"


GRAVITY = {attention: place for place, attention in enumerate(Attention)}


class ExamState(StrEnum):
    """How the exams before admission stand. NONE: none is asked for, or nothing was heard yet."""

    NONE = "none"
    BOOKED = "booked"
    UNPLANNED = "unplanned"


class Answer(StrEnum):
    """What the patient says to the reserved bed."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"


class WithdrawalReason(StrEnum):
    """Why somebody will not be admitted; the codes of `AdmissionWithdrawn`."""

    PATIENT_WISH = "patient-wish"
    ADMITTED_ELSEWHERE = "admitted-elsewhere"
    NO_LONGER_NEEDED = "no-longer-needed"
    NOT_REACHABLE = "not-reachable"


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_RESERVED = "not-reserved"
    ADMITTED = "patient-admitted"
    NOTHING_TO_SEE_TO = "nothing-to-see-to"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReservation:
    """The patient says whether they come to the bed that is reserved. `self_service`: by app."""

    request_id: UUID
    answer: Answer
    self_service: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Somebody will not be admitted."""

    request_id: UUID
    reason: WithdrawalReason
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person has seen to what asked for one."""

    request_id: UUID
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What followup, registration and the patient have told of a request, and what somebody at the desk did.

    `answered_version` is the version of the reservation that was answered: a later one is a new question.
    """

    request_id: UUID
    call_status: str | None = None
    call_due_at: datetime | None = None
    call_late_at: datetime | None = None
    call_outcome: str | None = None
    call_recorded_at: datetime | None = None
    call_next_due_at: datetime | None = None
    exams_state: str | None = None
    exams: int | None = None
    exams_end_at: datetime | None = None
    exams_reason: str | None = None
    attention: Attention | None = None
    attention_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    answer: Answer | None = None
    answered_version: int | None = None
    answered_at: datetime | None = None
    confirmed_by_app: bool = False
    withdrawn_reason: WithdrawalReason | None = None
    withdrawn_by: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Elective requests for which a bed was reserved, and what their patients answered last."""

    reserved: int
    confirmed_by_app: int
    declined: int


def asking(told: Told, attention: Attention | None, now: datetime) -> Told:
    """The same, lying on top for this reason, unless it does for a graver one; None asks for nobody."""
    graver = told.attention is not None and attention is not None and GRAVITY[told.attention] <= GRAVITY[attention]
    if attention is None or graver:
        return told
    return replace(told, attention=attention, attention_at=now)


def seen_to(told: Told) -> Told:
    """The same, asking for nobody."""
    return replace(told, attention=None, attention_at=None)


def attention_of(outcome: str, status: str) -> Attention | None:
    """What the outcome of a call-back asks of the coordinator."""
    if outcome in (Attention.UNREACHABLE, Attention.CONDITION_WORSE) or status == "completed":
        return Attention(outcome) if outcome in set(Attention) else None
    return None


def answered(
    command: AnswerReservation, patient_id: UUID, bed_id: str, version: int, now: datetime
) -> ReservationAnswered:
    """What an answer says."""
    return ReservationAnswered(
        request_id=command.request_id,
        patient_id=patient_id,
        bed_id=bed_id,
        answer=command.answer,
        self_service=command.self_service,
        answered_at=now,
        aggregate_version=version,
    )
