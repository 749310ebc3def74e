"""The rules of mutual recognition (互认): which partners' results count, and what is decided about them.

Invariant: a result counts only from a recognised partner, of passed quality, and inside the validity of its item; an
override names its reason; a decision is taken once for an exam of an order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.decision import Refused


class Quality(StrEnum):
    """What the partner's quality control said of the result."""

    PASSED = "passed"
    FAILED = "failed"


class Choice(StrEnum):
    """What the clinician does with a recognised result."""

    REUSE = "reuse"
    OVERRIDE = "override"


class OverrideReason(StrEnum):
    """Why an exam is done again, after 医疗机构检查检验结果互认管理办法 (2022), article 19."""

    CONDITION_CHANGED = "condition-changed"
    RESULT_DOUBTED = "result-doubted"
    FOLLOW_UP_NEEDED = "follow-up-needed"
    BEFORE_OPERATION = "before-operation"
    EMERGENCY = "emergency"
    FORENSIC = "forensic"
    PATIENT_WISH = "patient-wish"


class Reason(StrEnum):
    """Why a command was refused."""

    RESULT_EXISTS = "exam-result-exists"
    PARTNER_UNKNOWN = "partner-unknown"
    ITEM_UNKNOWN = "item-unknown"
    PATIENT_UNKNOWN = "patient-unknown"
    IN_THE_FUTURE = "performed-in-the-future"
    NOT_RECOGNISED = "result-not-recognised"
    REASON_MISSING = "override-reason-missing"
    DECIDED = "already-decided"


REMEDIES = {
    Reason.RESULT_EXISTS: "use a new result_id, or the result that is",
    Reason.PARTNER_UNKNOWN: "write the partner with PUT /exam-partners/{partner_id} first",
    Reason.ITEM_UNKNOWN: "give an item code of GET /exam-items",
    Reason.PATIENT_UNKNOWN: "register the patient first",
    Reason.IN_THE_FUTURE: "give a performed_at that is not after now",
    Reason.NOT_RECOGNISED: "choose one of the order's recognised results; others have no effect on it",
    Reason.REASON_MISSING: "give the reason for doing the exam again",
    Reason.DECIDED: "the decision about this item stands; cancel the order and write a new one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Another hospital. With `recognised` its results count (质量合格标识)."""

    partner_id: str
    recognised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamResult:
    """A result of a partner; what it says stays there."""

    result_id: UUID
    partner_id: str
    patient_id: UUID
    item_code: str
    performed_at: datetime
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A result that may be used in place of a new exam until `valid_until`."""

    result_id: UUID
    partner_id: str
    item_code: str
    performed_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """What is done with a recognised result for one item of an order."""

    order_id: UUID
    item_code: str
    result_id: UUID
    choice: Choice
    reason: OverrideReason | None
    price_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision as it stands; `price_fen` is what the exam would have cost."""

    order_id: UUID
    item_code: str
    result_id: UUID
    choice: Choice
    reason: OverrideReason | None
    price_fen: int
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What recognition came to in a month: exams avoided, money saved, and why others were done again."""

    avoided: int
    saved_fen: int
    overridden: int
    overridden_by_reason: Mapping[str, int]


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def received(result: ExamResult, now: datetime) -> ExamResult | Refused:
    """Take a partner's result in."""
    return no(Reason.IN_THE_FUTURE) if result.performed_at > now else result


def recognised(results: Mapping[str, ExamResult], validity_days: Mapping[str, int], now: datetime) -> list[Recognised]:
    """The latest results, by item, that are inside the validity of their item."""
    return [
        Recognised(
            result_id=one.result_id,
            partner_id=one.partner_id,
            item_code=item_code,
            performed_at=one.performed_at,
            valid_until=one.performed_at + timedelta(days=validity_days[item_code]),
        )
        for item_code, one in sorted(results.items())
        if now < one.performed_at + timedelta(days=validity_days[item_code])
    ]


def decide(command: Decide, shown: list[Recognised], now: datetime) -> Decision | Refused:
    """Use the result or do the exam again, with a reason."""
    if not any((one.result_id, one.item_code) == (command.result_id, command.item_code) for one in shown):
        return no(Reason.NOT_RECOGNISED)
    if command.choice is Choice.OVERRIDE and command.reason is None:
        return no(Reason.REASON_MISSING)
    return Decision(
        order_id=command.order_id,
        item_code=command.item_code,
        result_id=command.result_id,
        choice=command.choice,
        reason=command.reason if command.choice is Choice.OVERRIDE else None,
        price_fen=command.price_fen,
        decided_at=now,
    )
