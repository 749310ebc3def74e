"""The rules of clearance: what blocks the settlement of a stay, who owns each blocker, and how it is resolved.

A blocker is never a dead end: its owner resolves it, or the back office overrides it and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.discharge.accounts.model import Account, AccountState, closed
from shared.decision import Refused
from shared.messages.discharge.clearance import DischargeOrdered


class Disposition(StrEnum):
    """Where the patient goes, in FHIR's words (encounter-discharge-disposition)."""

    HOME = "home"
    OTHER_HOSPITAL = "other-hcf"
    HOSPICE = "hosp"
    LONG_TERM = "long"
    AGAINST_ADVICE = "aadvice"
    DIED = "exp"
    PSYCHIATRIC = "psy"
    REHABILITATION = "rehab"
    NURSING = "snf"
    OTHER = "oth"


class BlockerCode(StrEnum):
    """What can stand in the way of settling."""

    UNRETURNED_MEDICINE = "unreturned-medicine"


class Owner(StrEnum):
    """Who resolves a blocker."""

    WARD_NURSE = "ward-nurse"


class Outcome(StrEnum):
    """What became of medicine that was issued to the ward for the patient."""

    ADMINISTERED = "administered"
    RETURNED = "returned"
    OVERRIDDEN = "overridden"


class Reason(StrEnum):
    """Why a command was refused."""

    ALREADY_ORDERED = "already-ordered"
    NOT_ORDERED = "not-ordered"
    ISSUE_EXISTS = "issue-exists"
    ISSUE_RESOLVED = "issue-resolved"
    NOTHING_TO_OVERRIDE = "nothing-to-override"
    BLOCKED = "blocked"


NOT_ORDERED = Refused(reason=Reason.NOT_ORDERED, remedy="let a clinician write the discharge order first")
BLOCKED = Refused(
    reason=Reason.BLOCKED, remedy="resolve the blockers that the clearance lists, or let the back office override them"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDischarge:
    """The patient is medically fit to leave, or has died."""

    stay_id: UUID
    disposition: Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMedicine:
    """The pharmacy gives medicine to the ward for this patient."""

    stay_id: UUID
    issue_id: UUID
    item_code: str
    count: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIssue:
    """The ward says what became of it."""

    stay_id: UUID
    issue_id: UUID
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideBlockers:
    """The back office lets the stay be settled in spite of the blockers open now. `reason` stays in this database."""

    stay_id: UUID
    override_id: UUID
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The discharge order of a stay."""

    stay_id: UUID
    disposition: Disposition
    ordered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Medicine issued to the ward; it blocks while nobody has said what became of it."""

    issue_id: UUID
    stay_id: UUID
    item_code: str
    count: Decimal
    issued_at: datetime
    outcome: Outcome | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """That blockers were overridden, by whom and why."""

    override_id: UUID
    stay_id: UUID
    reason: str
    overridden_by: str
    overridden_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One thing in the way; `subject_id` is what it is about (an issue of medicine)."""

    code: BlockerCode
    owner: Owner
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """How far a stay is from being settled. `order` is None while the patient is not to leave."""

    stay_id: UUID
    order: Order | None
    blockers: tuple[Blocker, ...]

    @property
    def disposition(self) -> Disposition | None:
        """Where the patient goes."""
        return self.order.disposition if self.order else None

    @property
    def ordered_at(self) -> datetime | None:
        """When the discharge was ordered."""
        return self.order.ordered_at if self.order else None


def blockers(issues: Sequence[Issue]) -> tuple[Blocker, ...]:
    """What is in the way now, oldest first."""
    return tuple(
        Blocker(code=BlockerCode.UNRETURNED_MEDICINE, owner=Owner.WARD_NURSE, subject_id=issue.issue_id)
        for issue in issues
        if issue.outcome is None
    )


def order_discharge(
    account: Account, command: OrderDischarge, issues: Sequence[Issue], now: datetime
) -> tuple[Account, Order, DischargeOrdered] | Refused:
    """The patient is medically discharged; the event names the codes of what is in the way."""
    if account.voided_at is not None:
        return closed(account) or NOT_ORDERED
    if account.state is not AccountState.OPEN:
        return Refused(reason=Reason.ALREADY_ORDERED, remedy="go on with the settlement of this stay")
    account = account.told().moved(AccountState.ORDERED)
    order = Order(stay_id=account.stay_id, disposition=command.disposition, ordered_at=now)
    return (
        account,
        order,
        DischargeOrdered(
            stay_id=account.stay_id,
            patient_id=account.patient_id,
            disposition=order.disposition,
            blockers=tuple(sorted({blocker.code for blocker in blockers(issues)})),
            ordered_at=now,
            aggregate_version=account.version,
        ),
    )


def issue_medicine(account: Account, command: IssueMedicine, now: datetime) -> Issue | Refused:
    """Medicine comes to the ward; not any more when the stay is settled."""
    if refusal := closed(account):
        return refusal
    return Issue(
        issue_id=command.issue_id,
        stay_id=account.stay_id,
        item_code=command.item_code,
        count=command.count,
        issued_at=now,
        outcome=None,
        resolved_at=None,
    )


def resolve(issue: Issue, outcome: Outcome, now: datetime) -> Issue | Refused:
    """Say what became of it, once."""
    if issue.outcome is not None:
        return Refused(reason=Reason.ISSUE_RESOLVED, remedy="nothing is left to do for this issue")
    return replace(issue, outcome=outcome, resolved_at=now)


def override(
    command: OverrideBlockers, issues: Sequence[Issue], now: datetime
) -> tuple[Override, list[Issue]] | Refused:
    """Let the stay be settled in spite of what is open now; what comes later blocks again."""
    still_open = [issue for issue in issues if issue.outcome is None]
    if not still_open:
        return Refused(reason=Reason.NOTHING_TO_OVERRIDE, remedy="settle: nothing is in the way")
    overridden = [replace(issue, outcome=Outcome.OVERRIDDEN, resolved_at=now) for issue in still_open]
    record = Override(
        override_id=command.override_id,
        stay_id=command.stay_id,
        reason=command.reason,
        overridden_by=command.by,
        overridden_at=now,
    )
    return record, overridden


def in_the_way(clearance: Clearance) -> Refused | None:
    """Why the stay cannot be settled now; None when it can."""
    if clearance.order is None:
        return NOT_ORDERED
    return BLOCKED if clearance.blockers else None
