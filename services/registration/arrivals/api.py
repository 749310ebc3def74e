"""The HTTP side of arrivals: parse, authorise, run the handler, answer. No rule lives here."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.arrivals import handlers
from services.registration.arrivals.model import Reason, RecordArrival, Source
from services.registration.booking.model import Status
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import refusals

router = APIRouter(prefix="/appointments", tags=["arrivals"], responses=refusals(Reason))

STAFF = (Role.FRONT_DESK, Role.CLINICIAN)


class ArrivalBody(BaseModel, extra="forbid"):
    """Where the patient checks in."""

    source: Source | None = Field(None, description="desk unless given; for a patient's app phone")


class VisitView(BaseModel):
    """How far the visit has come. Instants are UTC."""

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_starts_at: AwareDatetime
    ordinal: int
    status: Status
    arrived_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    version: int


@router.post(
    "/{appointment_id}/arrival",
    response_model=VisitView,
    dependencies=[may(*STAFF, Role.PATIENT_APP)],
)
async def record_arrival(
    appointment_id: UUID, caller: CurrentCaller, commands: CommandRunner, body: ArrivalBody | None = None
) -> Response:
    """Check the patient in: from an hour before the slot (half of one by phone) until its session ends."""
    usual = Source.PHONE if caller.roles.isdisjoint(STAFF) else Source.DESK
    command = RecordArrival(appointment_id=appointment_id, source=(body and body.source) or usual)
    return await commands.run(handlers.record_arrival, command, answer=VisitView)


@router.post("/{appointment_id}/completion", response_model=VisitView, dependencies=[may(Role.CLINICIAN)])
async def complete_visit(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Note that the patient has been seen."""
    return await commands.run(handlers.complete_visit, appointment_id, answer=VisitView)
