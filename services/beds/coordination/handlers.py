"""What can be asked of the desk, and what it is told: one function a use case. The edge commits.

Rows are locked in the order stay, request, bed, desk entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.beds.coordination import entries, model, store
from services.beds.coordination.entries import Entry, Filters
from services.beds.coordination.lines import entry_of
from services.beds.coordination.model import (
    Acknowledge,
    Answer,
    AnswerReservation,
    Attention,
    ExamState,
    Figures,
    Reason,
    Told,
    Withdraw,
)
from services.beds.requests import handlers as requests
from services.beds.requests.model import Phase
from services.beds.scoring.model import Policy
from services.beds.stays import handlers as stays
from shared.decision import Refused
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded
from shared.messages.registration.exams import AdmissionExamsBooked, AdmissionExamsUnplanned
from shared.work import Missing, Work

EVERYBODY = 1_000_000
NOT_RESERVED = Refused(reason=Reason.NOT_RESERVED, remedy="there is no reserved bed to answer to: wait for one")
ADMITTED = Refused(reason=Reason.ADMITTED, remedy="the patient lies in a bed: discharge them instead")
NOTHING = Refused(reason=Reason.NOTHING_TO_SEE_TO, remedy="nothing asks for a person: read the worklist again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Some of the entries that were asked for, and how many those are."""

    total: int
    attention: int
    entries: list[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Where a request stands after somebody at the desk, or the patient, did something."""

    request_id: UUID
    phase: Phase
    attention: Attention | None


async def worklist(filters: Filters, offset: int, limit: int, policy: Policy, work: Work) -> Shown:
    """Everybody who waits or has a bed reserved, in order: two statements, whatever their number."""
    ranked = {one.request.request_id: one for one in await requests.ranked(policy, EVERYBODY, work)}
    lines = [entry_of(row, ranked.get(row["request_id"]), work.now) for row in await store.at_the_desk(work)]
    asked = entries.in_order([line for line in lines if filters.let_through(line)])
    return Shown(
        total=len(asked),
        attention=sum(line.attention is not None for line in asked),
        entries=asked[offset : offset + limit],
    )


async def entry(request_id: UUID, policy: Policy, work: Work) -> Entry:
    """One request that is at the desk; `Missing` when it is not."""
    ranked = {one.request.request_id: one for one in await requests.ranked(policy, EVERYBODY, work)}
    rows: list[Mapping[str, Any]] = await store.at_the_desk(work, request_id)
    if not rows:
        raise Missing("desk-entry", request_id)
    return entry_of(rows[0], ranked.get(request_id), work.now)


async def figures(since: datetime | None, work: Work) -> Figures:
    """How many patients confirmed the reserved bed by themselves."""
    return await store.figures(work, since)


async def answer_reservation(command: AnswerReservation, work: Work) -> Done | Refused:
    """The patient comes, or not: then the bed is free at once, and the patient waits again."""
    request = await requests.request(command.request_id, work)
    if request.phase is not Phase.RESERVED:
        return NOT_RESERVED
    stay = await stays.stay(command.request_id, work)
    if command.answer is Answer.DECLINED and not await stays.give_up_reservation(command.request_id, work):
        return NOT_RESERVED
    told = await store.told(work, command.request_id)
    told = replace(
        told,
        answer=command.answer,
        answered_version=stay.version,
        answered_at=work.now,
        confirmed_by_app=command.self_service and command.answer is Answer.CONFIRMED,
        version=told.version + 1,
    )
    told = model.asking(told, Attention.DECLINED if command.answer is Answer.DECLINED else None, work.now)
    await store.save(work, told)
    work.publish(model.answered(command, request.patient_id, stay.bed_id, told.version, work.now))
    return await _done(told, work)


async def withdraw(command: Withdraw, work: Work) -> Done | Refused:
    """The patient will not be admitted: what is kept for them is free, and others are told."""
    await stays.give_up_reservation(command.request_id, work)
    withdrawn = await requests.withdraw_request(command.request_id, command.reason, work)
    if isinstance(withdrawn, Refused):
        phase = (await requests.request(command.request_id, work)).phase
        return ADMITTED if phase is Phase.ADMITTED else withdrawn
    told = model.seen_to(await store.told(work, command.request_id))
    told = replace(told, withdrawn_reason=command.reason, withdrawn_by=command.by)
    await store.save(work, told)
    return await _done(told, work)


async def acknowledge(command: Acknowledge, work: Work) -> Done | Refused:
    """A person has seen to what asked for one; it lies on top no more."""
    await requests.request(command.request_id, work)
    told = await store.told(work, command.request_id)
    if told.attention is None:
        return NOTHING
    told = replace(model.seen_to(told), acknowledged_by=command.by, acknowledged_at=work.now)
    await store.save(work, told)
    return await _done(told, work)


async def on_call_back_due(event: CallBackDue, work: Work) -> None:
    """A call has come up."""
    come_up = replace(
        await store.told(work, event.request_id),
        call_status="ready",
        call_outcome=None,
        call_recorded_at=None,
        call_due_at=event.due_at,
        call_late_at=event.late_at,
        call_next_due_at=event.next_due_at,
    )
    await store.save(work, come_up)


async def on_call_back_recorded(event: CallBackRecorded, work: Work) -> None:
    """Somebody has tried; what the patient said may ask for a person."""
    tried = replace(
        await store.told(work, event.request_id),
        call_status=event.status,
        call_outcome=event.outcome,
        call_recorded_at=event.recorded_at,
        call_next_due_at=event.next_due_at,
    )
    await store.save(work, model.asking(tried, model.attention_of(event.outcome, event.status), work.now))


async def on_exams_booked(event: AdmissionExamsBooked, work: Work) -> None:
    """The exams before admission have their places."""
    booked = replace(
        await store.told(work, event.request_id),
        exams_state=ExamState.BOOKED,
        exams=event.exams,
        exams_end_at=event.last_ends_at,
        exams_reason=None,
    )
    solved = booked.attention is Attention.EXAMS_UNPLANNED
    await store.save(work, model.seen_to(booked) if solved else booked)


async def on_exams_unplanned(event: AdmissionExamsUnplanned, work: Work) -> None:
    """The exams before admission have no places: a person must see to it."""
    unplanned = replace(
        await store.told(work, event.request_id),
        exams_state=ExamState.UNPLANNED,
        exams=event.exams,
        exams_end_at=None,
        exams_reason=event.reason,
    )
    await store.save(work, model.asking(unplanned, Attention.EXAMS_UNPLANNED, work.now))


async def _done(told: Told, work: Work) -> Done:
    request = await requests.request(told.request_id, work)
    return Done(request_id=told.request_id, phase=request.phase, attention=told.attention)
