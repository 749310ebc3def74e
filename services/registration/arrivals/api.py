"""The HTTP side of arrivals: parse, authorise, run the handler, answer. No rule lives here."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel

from services.registration.arrivals import handlers
from services.registration.booking.model import Status
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import REFUSALS

router = APIRouter(prefix="/appointments", tags=["arrivals"], responses=REFUSALS)


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
    dependencies=[may(Role.FRONT_DESK, Role.CLINICIAN, Role.PATIENT_APP)],
)
async def record_arrival(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Check the patient in: from an hour before the slot until its session ends."""
    return await commands.run(handlers.record_arrival, appointment_id, answer=VisitView)


@router.post("/{appointment_id}/completion", response_model=VisitView, dependencies=[may(Role.CLINICIAN)])
async def complete_visit(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Note that the patient has been seen."""
    return await commands.run(handlers.complete_visit, appointment_id, answer=VisitView)
