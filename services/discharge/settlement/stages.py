"""How a stay is settled at the bedside: the stages of settlement rules, section 6, and the values they are about.

Invariant: 2304 is sent at most once for a settlement, and 2601 only after `reversing` is stored: from then on nothing
but a reversal can come of it, so an answer that arrives late never makes a second settlement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.discharge.insurance.model import BillToSettle, Figures
from services.discharge.ledger.model import Bill, Channel
from shared.decision import Refused

PATIENCE: Final = timedelta(seconds=60)
"""Business time after which a 2304 without an answer is taken up by the recovery."""
LONGEST_PATIENCE: Final = timedelta(minutes=30)


class Stage(StrEnum):
    """Where a settlement stands. The last three are over: nothing of them stands at the centre."""

    PRESETTLED = "presettled"
    CONFIRMED = "confirmed"
    SETTLING = "settling"
    UNKNOWN = "unknown"
    REVERSING = "reversing"
    SETTLED = "settled"
    REVERSED = "reversed"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


ASKING: Final = frozenset({Stage.SETTLING, Stage.UNKNOWN, Stage.REVERSING})
"""The centre has been asked, or is about to be, and its answer is not stored."""
OVER: Final = frozenset({Stage.REVERSED, Stage.REFUSED, Stage.SUPERSEDED})


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_PRESETTLED = "not-presettled"
    NOT_CONFIRMED = "not-confirmed"
    NOT_SETTLED = "not-settled"
    SETTLING = "settling"
    SETTLED = "already-settled"
    SNAPSHOT_DIFFERS = "snapshot-differs"
    FEES_CHANGED = "fees-changed"
    COVERAGE_DIFFERS = "coverage-differs"
    NOT_ENTITLED = "not-entitled"
    CASE_UNACCEPTABLE = "case-unacceptable"
    REVERSED = "settlement-reversed"
    PAYMENT_EXISTS = "payment-exists"
    PAYMENT_TOO_LARGE = "payment-exceeds-due"
    UNPAID = "unpaid"
    ALREADY_LEFT = "already-left"


FEES_CHANGED = Refused(
    reason=Reason.FEES_CHANGED, remedy="presettle again, show the patient the difference and let them confirm it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """The patient signs the fees whose hash is `snapshot`."""

    stay_id: UUID
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """The patient pays at the bedside what the deposit does not cover."""

    stay_id: UUID
    payment_id: UUID
    channel: Channel
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One attempt to settle a stay; its figures are the centre's. `version` rises by one with each change."""

    settlement_id: UUID
    stay_id: UUID
    patient_id: UUID
    attempt: int
    stage: Stage
    snapshot: str
    lines: int
    pack: str
    pack_version: str
    calculator_agrees: bool
    case: Mapping[str, Any]
    figures: Figures
    bill: BillToSettle
    deposit_fen: int
    refund_fen: int
    to_pay_fen: int
    first_screen_at: datetime
    presettled_at: datetime
    paid_at_bedside_fen: int = 0
    msgid: str | None = None
    setl_id: str | None = None
    confirmed_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    resolve_at: datetime | None = None
    resolve_attempts: int = 0
    version: int = 1

    @property
    def unpaid_fen(self) -> int:
        """What the patient still has to pay at the bedside."""
        return self.to_pay_fen - self.paid_at_bedside_fen

    @property
    def ledger_bill(self) -> Bill:
        """The settlement as the ledger needs it."""
        return ledger_bill(self.figures)

    def next(self, stage: Stage, **changes: Any) -> "Settlement":  # noqa: ANN401 - any of the fields above
        """The settlement one step on. Outside of `ASKING` nothing waits for the centre."""
        if stage not in ASKING:
            changes = {"resolve_at": None, **changes}
        return replace(self, stage=stage, version=self.version + 1, **changes)


def ledger_bill(figures: Figures) -> Bill:
    """Who pays the fees."""
    return Bill(
        medfee_sumamt_fen=figures.medfee_sumamt_fen,
        fund_pay_sumamt_fen=figures.fund_pay_sumamt_fen,
        acct_pay_fen=figures.acct_pay_fen,
    )


def begin_sending(settlement: Settlement, now: datetime) -> Settlement | None:
    """Claim the one sending of 2304; None when it was claimed before, or is no longer to be sent."""
    if settlement.stage is not Stage.SETTLING or settlement.sent_at is not None:
        return None
    return settlement.next(Stage.SETTLING, sent_at=now, resolve_at=now + PATIENCE)


def unanswered(settlement: Settlement, now: datetime) -> Settlement | None:
    """No usable answer came: only a query can say what happened. The recovery asks, if whoever asked does not."""
    if settlement.stage is not Stage.SETTLING:
        return None
    return settlement.next(Stage.UNKNOWN, resolve_at=now + PATIENCE)


def never_sent(settlement: Settlement, _: datetime) -> Settlement | None:
    """There was no connection: the patient's confirmation stands, and a new msgid will be used."""
    if settlement.stage is not Stage.SETTLING:
        return None
    return settlement.next(Stage.CONFIRMED, msgid=None, sent_at=None)


def declined(settlement: Settlement, _: datetime) -> Settlement | None:
    """The centre said no: this attempt is over."""
    return settlement.next(Stage.REFUSED) if settlement.stage in (Stage.SETTLING, Stage.UNKNOWN) else None


def begin_reversing(settlement: Settlement, now: datetime) -> Settlement | None:
    """The centre knows no such settlement (5203): reverse, so that a late 2304 cannot make one."""
    if settlement.stage is not Stage.UNKNOWN:
        return None
    return settlement.next(Stage.REVERSING, resolve_at=now + PATIENCE)


def reversed_for_good(settlement: Settlement, _: datetime) -> Settlement | None:
    """The reversal stands: this attempt is over."""
    return settlement.next(Stage.REVERSED) if settlement.stage is Stage.REVERSING else None


def take_up(settlement: Settlement, now: datetime) -> Settlement:
    """The recovery takes it up, and will look again later and later; what was sent without an answer is unknown."""
    pause = min(PATIENCE * 2**settlement.resolve_attempts, LONGEST_PATIENCE)
    lost = settlement.stage is Stage.SETTLING and settlement.sent_at is not None
    stage = Stage.UNKNOWN if lost else settlement.stage
    return settlement.next(stage, resolve_at=now + pause, resolve_attempts=settlement.resolve_attempts + 1)
