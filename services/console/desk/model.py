"""A line of the coordinator's page, read from the latest event of each kind that names the admission.

Invariant: whoever waits or has a bed reserved is on the page once; who an emergency limit has come up for, or who
was heard to be worse, stands on top, then tier 0, then whoever has waited longest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

from services.console.projection.model import AdmissionFact
from shared.messages.beds.allocation import BedProposed
from shared.messages.beds.coordination import ReservationAnswered
from shared.messages.beds.emergency import EmergencyLimitNear, EmergencyLimitPassed
from shared.messages.beds.preparation import PreparationChanged
from shared.messages.beds.requests import AdmissionQueued
from shared.messages.beds.stays import BedReserved
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded
from shared.messages.registration.exams import AdmissionExamsBooked, AdmissionExamsUnplanned

SHOWN = (
    AdmissionQueued.type,
    BedProposed.type,
    BedReserved.type,
    ReservationAnswered.type,
    PreparationChanged.type,
    CallBackDue.type,
    CallBackRecorded.type,
    AdmissionExamsBooked.type,
    AdmissionExamsUnplanned.type,
    EmergencyLimitNear.type,
    EmergencyLimitPassed.type,
)
"""The events that a line is made of."""

RESERVED = "reserved"
WORSE = "condition_worse"

Facts = Mapping[str, AdmissionFact]


class Call(StrEnum):
    """How the latest call-back stands."""

    NOT_YET = "not-yet"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One patient at the desk.

    `items` is 0 while nobody has spoken of the preparation; `limit` is near or passed where an emergency limit has
    come up.
    """

    patient_id: UUID
    reserved: bool
    tier: int
    specialty: str
    campus_id: str
    since: datetime
    bed_id: str | None
    answer: str | None
    call: Call
    outcome: str | None
    exams: str | None
    items: int
    open: int
    missing: tuple[str, ...]
    limit: str | None

    @property
    def prepared(self) -> bool:
        """Nothing mandatory lacks, as far as was heard."""
        return self.items > 0 and not self.missing

    @property
    def alarming(self) -> bool:
        """A limit has come up, or the patient was heard to be worse."""
        return self.limit is not None or self.outcome == WORSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The page: its lines, and how many of them ask for something."""

    now: datetime
    lines: list[Line]

    @property
    def waiting(self) -> int:
        """Without a bed."""
        return sum(not line.reserved for line in self.lines)

    @property
    def reserved(self) -> int:
        """With a bed that is kept."""
        return sum(line.reserved for line in self.lines)

    @property
    def urgent(self) -> int:
        """Those who go before everybody else."""
        return sum(line.tier == 0 for line in self.lines)

    @property
    def overdue(self) -> int:
        """Those whom nobody has called in time."""
        return sum(line.call is Call.OVERDUE for line in self.lines)

    @property
    def unprepared(self) -> int:
        """Those with a reserved bed for whom something mandatory lacks, or of whom nothing was heard."""
        return sum(line.reserved and not line.prepared for line in self.lines)


def lines(facts: Iterable[AdmissionFact], now: datetime) -> list[Line]:
    """The lines of the page; `facts` in order of admission. What has no beginning yet is left out."""
    found = []
    for _, of_one in groupby(facts, key=lambda fact: fact.admission_id):
        by_type = {fact.type: fact for fact in of_one}
        if AdmissionQueued.type in by_type:
            found.append(_line(by_type, now))
    return sorted(found, key=lambda line: (not line.alarming, line.tier, line.since, line.patient_id))


def _line(facts: Facts, now: datetime) -> Line:
    queued = facts[AdmissionQueued.type]
    reserved = queued.state == RESERVED
    prepared = _fields(facts, PreparationChanged.type)
    call, outcome = _call(facts, now)
    return Line(
        patient_id=queued.patient_id,
        reserved=reserved,
        tier=queued.fields["tier"],
        specialty=queued.fields["specialty"],
        campus_id=queued.fields["campus_id"],
        since=datetime.fromisoformat(queued.fields["queued_at"]),
        bed_id=_fields(facts, BedReserved.type if reserved else BedProposed.type).get("bed_id"),
        answer=_answer(facts) if reserved else None,
        call=call,
        outcome=outcome,
        exams=_exams(facts),
        items=prepared.get("items", 0),
        open=prepared.get("open", 0),
        missing=tuple(prepared.get("missing", ())),
        limit=_limit(facts),
    )


def _fields(facts: Facts, type_: str) -> Mapping[str, Any]:
    return facts[type_].fields if type_ in facts else {}


def _later(facts: Facts, first: str, second: str) -> str | None:
    """Which of two kinds was said last."""
    said = [facts[one] for one in (first, second) if one in facts]
    return max(said, key=lambda fact: fact.position).type if said else None


def _answer(facts: Facts) -> str | None:
    """What the patient says to the bed that is kept now, not to an earlier one."""
    if _later(facts, BedReserved.type, ReservationAnswered.type) != ReservationAnswered.type:
        return None
    return str(facts[ReservationAnswered.type].fields["answer"])


def _call(facts: Facts, now: datetime) -> tuple[Call, str | None]:
    """By the clock, and what came of the last attempt."""
    last = _later(facts, CallBackDue.type, CallBackRecorded.type)
    if last is None:
        return Call.NOT_YET, None
    recorded = facts[last].fields if last == CallBackRecorded.type else {}
    if recorded.get("status", "ready") != "ready":
        return Call.FAILED if recorded["status"] == "failed" else Call.DONE, recorded["outcome"]
    late_at = _fields(facts, CallBackDue.type).get("late_at")
    late = late_at is not None and datetime.fromisoformat(late_at) <= now
    return Call.OVERDUE if late else Call.DUE, recorded.get("outcome")


def _exams(facts: Facts) -> str | None:
    last = _later(facts, AdmissionExamsBooked.type, AdmissionExamsUnplanned.type)
    return None if last is None else "booked" if last == AdmissionExamsBooked.type else "unplanned"


def _limit(facts: Facts) -> str | None:
    last = _later(facts, EmergencyLimitNear.type, EmergencyLimitPassed.type)
    return None if last is None else "passed" if last == EmergencyLimitPassed.type else "near"
