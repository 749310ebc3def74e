"""What happens to the calls of those who wait for a bed. Load, decide, save, publish; the edge commits.

Invariant: whoever opens or ends a schedule holds what is known of the patient, so that of an end and a beginning that
are heard of at once the second sees the first.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from services.followup.callbacks import model, policy, store
from services.followup.callbacks.model import (
    CallAttempt,
    CallBack,
    EndReason,
    RecordCall,
    Schedule,
    Status,
    View,
    seen_as,
)
from services.followup.plans import handlers as plans
from shared.decision import Refused
from shared.ids import derived_id, new_id
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call and what it is at this instant."""

    call: CallBack
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What an attempt led to."""

    attempt_id: UUID
    call_back_id: UUID
    status: Status
    outcome: str | None
    remind_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many requests are on a schedule, and how many calls there are by status and lateness."""

    waiting: int
    calls: dict[tuple[Status, bool], int]


async def on_admission_queued(event: AdmissionQueued, work: Work) -> None:
    """The patient waits for a bed, and is called until the wait ends, which may have been heard of already."""
    known = await plans.known_of(event.patient_id, work)
    ended = EndReason.DECEASED if known.deceased_on is not None else await store.end_of(work, event.request_id)
    day = event.queued_at.date()
    await store.add_schedule(work, model.open_schedule(event, policy.on(day), ended, work.now))


async def on_patient_admitted(event: PatientAdmitted, work: Work) -> None:
    """The wait of this request is over."""
    await _end_request(event.stay_id, event.patient_id, EndReason.ADMITTED, work)


async def on_admission_withdrawn(event: AdmissionWithdrawn, work: Work) -> None:
    """The patient does not want to be admitted any more, or need not be."""
    await _end_request(event.request_id, event.patient_id, EndReason.WITHDRAWN, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Nobody calls the dead. What is known of the patient is noted by `plans`, before."""
    await plans.known_of(event.patient_id, work)
    for schedule in await store.going_on(work, event.patient_id):
        await _end(schedule, EndReason.DECEASED, work)


async def make_due(work: Work, limit: int) -> int:
    """Let every call come up whose time has come, for at most `limit` requests. Returns how many."""
    due = await store.claim_due(work, limit)
    for schedule in due:
        kept = policy.shipped()[schedule.policy_version]
        moved, calls, event = model.come_up(schedule, partial(_id_of, schedule.request_id), kept, work.now)
        if before := await store.open_call(work, schedule.request_id):
            await store.save_call(work, model.superseded(before, work.now))
        await store.save_schedule(work, moved)
        await store.add_calls(work, calls)
        work.publish(event)
    return len(due)


async def next_due_at(work: Work) -> datetime | None:
    """When the next call comes up."""
    return await store.next_due_at(work)


async def record(command: RecordCall, work: Work) -> Recorded | Refused:
    """Note an attempt, and tell the coordinator what came of it."""
    schedule = await store.schedule(work, (await store.call(work, command.call_back_id)).request_id, lock=True)
    call = await store.call(work, command.call_back_id)
    earlier = await store.attempts_of(work, call.call_back_id)
    kept = policy.shipped()[schedule.policy_version]
    decision = model.record(command, call, schedule, earlier, kept, work.now)
    if isinstance(decision, Refused):
        return decision
    after, moved, event = decision
    attempt = _attempt(command, work)
    await store.add_attempt(work, attempt)
    await store.save_call(work, after)
    await store.save_schedule(work, moved)
    work.publish(event)
    return Recorded(
        attempt_id=attempt.attempt_id,
        call_back_id=after.call_back_id,
        status=after.status,
        outcome=after.outcome,
        remind_at=after.remind_at,
        next_due_at=moved.next_due_at,
    )


async def calls(view: View | None, campus_id: str | None, after: UUID | None, limit: int, work: Work) -> list[Seen]:
    """Calls in the order of the day list."""
    found = await store.calls(work, view, campus_id, after, limit)
    return [Seen(call=call, view=seen_as(call, work.now)) for call in found]


async def call(call_back_id: UUID, work: Work) -> tuple[Seen, list[CallAttempt]]:
    """One call with its attempts; `Missing` when there is none."""
    found = await store.call(work, call_back_id)
    return Seen(call=found, view=seen_as(found, work.now)), await store.attempts_of(work, call_back_id)


async def schedule(request_id: UUID, work: Work) -> tuple[Schedule, list[Seen]]:
    """The schedule of a request with its calls; `Missing` when there is none."""
    found = await store.schedule(work, request_id)
    return found, [Seen(call=one, view=seen_as(one, work.now)) for one in await store.calls_of(work, request_id)]


async def tally(campus_id: str | None, work: Work) -> Tally:
    """How much has been done and how much is still to do."""
    return Tally(waiting=await store.waiting(work, campus_id), calls=await store.counts(work, campus_id))


async def _end_request(request_id: UUID, patient_id: UUID, reason: EndReason, work: Work) -> None:
    await plans.known_of(patient_id, work)
    await store.note_end(work, request_id, reason)
    for schedule in await store.going_on(work, patient_id, request_id):
        await _end(schedule, reason, work)


async def _end(schedule: Schedule, reason: EndReason, work: Work) -> None:
    await store.save_schedule(work, model.end(schedule, reason, work.now))
    if call := await store.open_call(work, schedule.request_id):
        await store.save_call(work, replace(call, status=Status.CANCELLED, remind_at=None, ended_at=work.now))


def _id_of(request_id: UUID, occurrence: int) -> UUID:
    return derived_id(request_id, f"call-back/{occurrence}")


def _attempt(command: RecordCall, work: Work) -> CallAttempt:
    return CallAttempt(
        attempt_id=new_id(),
        call_back_id=command.call_back_id,
        outcome=command.outcome,
        contact_kind=command.contact_kind,
        note_code=command.note_code,
        attempted_at=work.now,
        attempted_by=command.attempted_by,
    )
