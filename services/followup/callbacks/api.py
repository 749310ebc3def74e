"""The HTTP side of call-backs: parse, authorise, run the handler, answer. No rule lives here."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.followup.callbacks import handlers
from services.followup.callbacks.handlers import Seen, Tally
from services.followup.callbacks.model import (
    CallAttempt,
    EndReason,
    Outcome,
    Reason,
    RecordCall,
    Schedule,
    Status,
    View,
)
from services.followup.worklist.model import ContactKind
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/call-backs", tags=["call-backs"], responses=refusals(Reason))
READERS = may(Role.FOLLOWUP_NURSE, Role.COORDINATOR, Role.CLINICIAN, Role.VIEWER)
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class CallView(BaseModel):
    """A call to a patient who waits for a bed."""

    call_back_id: UUID
    request_id: UUID
    patient_id: UUID
    campus_id: str
    occurrence: int
    due_at: AwareDatetime
    late_at: AwareDatetime = Field(description="from then on it is overdue")
    remind_at: AwareDatetime | None = Field(description="on hold until then")
    precedence: int = Field(description="0 heard to be worse, 1 tier 0, 2 the rest")
    attempts: int
    status: View = Field(description="what it is now, by the clock")
    outcome: str | None
    ended_at: AwareDatetime | None


class CallAttemptView(BaseModel, from_attributes=True):
    """An attempt to reach the patient."""

    attempt_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    attempted_at: AwareDatetime
    attempted_by: str


class WholeCallView(CallView):
    """A call with its attempts, oldest first."""

    tried: list[CallAttemptView]


class CallPage(BaseModel):
    """Some calls; `after` gives the following ones, null when these were the last."""

    call_backs: list[CallView]
    after: UUID | None


class ScheduleView(BaseModel, from_attributes=True):
    """The calls of one admission request, until it ends."""

    request_id: UUID
    patient_id: UUID
    campus_id: str
    tier: int
    admission_class: str | None
    policy_version: str
    queued_at: AwareDatetime
    next_due_at: AwareDatetime | None = Field(description="when the next call comes up; null when none will")
    end_reason: EndReason | None
    ended_at: AwareDatetime | None


class WholeScheduleView(ScheduleView):
    """A schedule with the calls that have come up."""

    call_backs: list[CallView]


class CallSummary(BaseModel):
    """Calls by what became of them: came up = done + failed + missed + not needed + open."""

    waiting: int = Field(description="requests that are on a schedule now")
    came_up: int
    done: int = Field(description="the patient was spoken to")
    done_in_time: int
    failed: int = Field(description="tried as often as the policy asks, or until the next call, and nobody was reached")
    missed: int = Field(description="nobody had tried when the next call came up")
    not_needed: int = Field(description="the wait ended first")
    open: int
    overdue: int = Field(description="open, and late")
    called_share: float | None = Field(
        description="(done + failed) / (done + failed + missed + overdue): the target is 1; null before the first"
    )


class NewCallAttempt(BaseModel, extra="forbid"):
    """What came of trying. Codes only: no free text about a patient."""

    outcome: Outcome
    contact_kind: ContactKind = ContactKind.PHONE
    note_code: Code | None = None


class CallAttemptAnswer(BaseModel, from_attributes=True):
    """What the attempt led to. A call on hold is to be tried again at `remind_at`."""

    attempt_id: UUID
    call_back_id: UUID
    status: Status
    outcome: str | None
    remind_at: AwareDatetime | None
    next_due_at: AwareDatetime | None


@router.post(
    "/{call_back_id}/attempts",
    status_code=201,
    response_model=CallAttemptAnswer,
    dependencies=[may(Role.FOLLOWUP_NURSE)],
)
async def record_call(
    call_back_id: UUID, body: NewCallAttempt, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Note an attempt; the coordinator hears of it at once."""
    command = RecordCall(call_back_id=call_back_id, attempted_by=caller.subject, **dict(body))
    return await commands.run(handlers.record, command, answer=CallAttemptAnswer)


@router.get("/summary", dependencies=[READERS])
async def call_summary(queries: QueryRunner, campus_id: str | None = None) -> CallSummary:
    """Whether everybody who waits is called: due, done and overdue."""
    return _summary(await queries.run(handlers.tally, campus_id))


@router.get("/schedules/{request_id}", dependencies=[READERS])
async def call_schedule(request_id: UUID, queries: QueryRunner) -> WholeScheduleView:
    """The calls of one admission request."""
    found: tuple[Schedule, list[Seen]] = await queries.run(handlers.schedule, request_id)
    schedule, calls = found
    own = ScheduleView.model_validate(schedule).model_dump()
    return WholeScheduleView(**own, call_backs=[CallView(**_fields(one)) for one in calls])


@router.get("", dependencies=[READERS])
async def call_backs(
    queries: QueryRunner,
    status: Annotated[View | None, Query(description="ready shows what is overdue too")] = None,
    campus_id: str | None = None,
    after: Annotated[UUID | None, Query(description="as the previous page gave it")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CallPage:
    """Calls as a day list: heard to be worse, tier 0, the rest; within these by due instant."""
    found: list[Seen] = await queries.run(handlers.calls, status, campus_id, after, limit)
    return CallPage(
        call_backs=[CallView(**_fields(one)) for one in found],
        after=found[-1].call.call_back_id if len(found) == limit else None,
    )


@router.get("/{call_back_id}", dependencies=[READERS])
async def call_back(call_back_id: UUID, queries: QueryRunner) -> WholeCallView:
    """One call with its attempts."""
    found: tuple[Seen, list[CallAttempt]] = await queries.run(handlers.call, call_back_id)
    seen, attempts = found
    return WholeCallView(**_fields(seen), tried=[CallAttemptView.model_validate(one) for one in attempts])


def _fields(seen: Seen) -> dict[str, Any]:
    return {**asdict(seen.call), "status": seen.view}


def _summary(tally: Tally) -> CallSummary:
    of = {status: sum(n for (kept, _), n in tally.calls.items() if kept is status) for status in Status}
    overdue = tally.calls.get((Status.READY, True), 0)
    called = of[Status.COMPLETED] + of[Status.FAILED]
    asked = called + of[Status.MISSED] + overdue
    return CallSummary(
        waiting=tally.waiting,
        came_up=sum(of.values()),
        done=of[Status.COMPLETED],
        done_in_time=tally.calls.get((Status.COMPLETED, False), 0),
        failed=of[Status.FAILED],
        missed=of[Status.MISSED],
        not_needed=of[Status.CANCELLED],
        open=of[Status.READY],
        overdue=overdue,
        called_share=called / asked if asked else None,
    )
