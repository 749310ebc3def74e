"""A batch of events as columns, ready for one `INSERT … SELECT unnest` a table.

Invariant: of one bed, admission or patient a batch has at most one row, the last word said of it; what a row says
depends on the events of that aggregate only, so topics may be read in any order relative to each other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.inbox import Received
from shared.messages.beds.inventory import BedState
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.beds.stays import BedReleased, BedReserved, PatientAdmitted, ReservationExpired
from shared.messages.registration.patients import PatientDeceased

ADMISSION_STATES: dict[type[Any], str] = {
    AdmissionQueued: "waiting",
    BedReserved: "reserved",
    ReservationExpired: "waiting",
    PatientAdmitted: "admitted",
    BedReleased: "left",
    AdmissionWithdrawn: "left",
}
"""What each event makes of an admission, `left` being its end. A request and the stay it becomes have one id."""


@dataclass(slots=True)
class PatientLine:
    """What a batch says of one patient."""

    last_at: datetime
    last_event_id: UUID
    last_type: str
    events: int = 1
    deceased_on: date | None = None


@dataclass(slots=True)
class Batch:
    """The rows of one batch. `events` are in the order they came."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    hours: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    admissions: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    patients: dict[UUID, PatientLine] = field(default_factory=dict)
    beds: dict[str, BedState] = field(default_factory=dict)


def fold(received: Sequence[Received]) -> Batch:
    """The columns of these events."""
    batch = Batch()
    for one in received:
        at = one.envelope.time
        batch.hours[one.envelope.type, at.replace(minute=0, second=0, microsecond=0)] += 1
        if isinstance(one.event, BedState):
            batch.beds[one.event.bed_id] = one.event
            continue
        batch.events.append(_event(one))
        _patient(batch, one)
        if state := ADMISSION_STATES.get(type(one.event)):
            _admission(batch, one.event, state, at)
    return batch


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as one list a column, for `unnest`."""
    return [list(column) for column in zip(*rows, strict=True)]


def _event(one: Received) -> tuple[Any, ...]:
    """One event as it is shown. Its fields are ids, codes, times and amounts by the rule of `shared.messages`."""
    envelope = one.envelope
    return (
        envelope.event_id,
        envelope.type,
        one.record.topic,
        envelope.time,
        getattr(one.event, "patient_id", None),
        envelope.subject,
        envelope.origin.correlation_id,
        _causation(one),
        (one.record.value or b"{}").decode(),
    )


def _causation(one: Received) -> str:
    """Which event, or command, brought this one; the envelope's own origin is for what comes next."""
    for name, value in reversed(one.record.headers):
        if name == "causationid" and value:
            return value.decode()
    return str(one.envelope.event_id)


def _patient(batch: Batch, one: Received) -> None:
    patient_id = getattr(one.event, "patient_id", None)
    if patient_id is None:
        return
    at, event_id = one.envelope.time, one.envelope.event_id
    line = batch.patients.get(patient_id)
    if line is None:
        line = batch.patients[patient_id] = PatientLine(at, event_id, one.envelope.type)
    else:
        line.events += 1
        if (at, event_id) > (line.last_at, line.last_event_id):
            line.last_at, line.last_event_id, line.last_type = at, event_id, one.envelope.type
    if isinstance(one.event, PatientDeceased):
        line.deceased_on = one.event.deceased_on


def _admission(batch: Batch, event: Any, state: str, at: datetime) -> None:  # noqa: ANN401 - six messages, no common type
    request = isinstance(event, AdmissionQueued | AdmissionWithdrawn)
    admission_id = event.request_id if request else event.stay_id
    batch.admissions[admission_id] = (admission_id, event.patient_id, state, at)
