"""The HTTP side of booking: parse, authorise, run the handler or ask the lane, answer. No rule lives here."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.booking import handlers
from services.registration.booking.lane import Lane
from services.registration.booking.model import (
    CancelAppointment,
    CancelReason,
    Channel,
    RescheduleAppointment,
    Status,
    TakePlace,
    Wanted,
)
from services.registration.booking.refusals import Reason
from services.registration.booking.taking import Keyed
from services.registration.patients.model import DECEASED
from services.registration.schedules.model import SlotKey
from shared.auth import Caller, CurrentCaller, Forbidden, Role, may
from shared.clock import utc
from shared.commands import KEY_HEADER, LONGEST_KEY, CommandRunner, no_key
from shared.http import PROBLEM_CONTENT, QueryRunner, refusals
from shared.ids import new_id

PATIENT_NOT_NAMED = "patient-not-named"
RESPONSES = {
    **refusals(Reason, DECEASED.reason, denied=[PATIENT_NOT_NAMED]),
    503: {"description": "not now; send it again with the same key", "content": PROBLEM_CONTENT},
}

router = APIRouter(tags=["booking"], responses=RESPONSES)

STAFF = (Role.FRONT_DESK, Role.CLINICIAN)
BOOKERS = (*STAFF, Role.PATIENT_APP)
READERS = (*STAFF, Role.BACK_OFFICE, Role.FOLLOWUP_NURSE, Role.VIEWER)
COUNTERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)

VisitType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
EncounterId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]


class PlaceBody(BaseModel, extra="forbid"):
    """Which patient wants a place in which slot, and how they asked."""

    appointment_id: UUID | None = Field(None, description="chosen by the client, new for each appointment; else by us")
    patient_id: UUID
    session_id: UUID
    slot_starts_at: AwareDatetime
    visit_type: VisitType = Field(description="a code, such as outpatient or wellness")
    channel: Literal[Channel.DESK, Channel.APP, Channel.PHONE, Channel.KIOSK]
    encounter_id: EncounterId | None = Field(None, description="another system's id of the encounter; at most one each")
    booked_by: UUID | None = Field(None, description="the person of the register who books for the patient (代办)")


class SlotBody(BaseModel, extra="forbid"):
    """The slot to move to."""

    session_id: UUID
    slot_starts_at: AwareDatetime


class CancelBody(BaseModel, extra="forbid"):
    """Who gives the place back."""

    reason: Literal[CancelReason.PATIENT, CancelReason.HOSPITAL]


class AppointmentView(BaseModel):
    """An appointment in its latest version. Instants are UTC."""

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: AwareDatetime
    slot_ends_at: AwareDatetime
    ordinal: int = Field(description="number (号序) in the slot; never given out twice, so there may be gaps")
    status: Status
    visit_type: str
    channel: Channel
    encounter_id: str | None
    booked_by: UUID | None
    held_until: AwareDatetime | None = Field(description="of a hold: from this instant on it is over")
    booked_at: AwareDatetime | None
    arrived_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    cancel_reason: CancelReason | None
    version: int


class Page(BaseModel, extra="forbid"):
    """Which appointments, and which page of them."""

    patient_id: UUID | None = None
    session_id: UUID | None = None
    status: Status | None = None
    channel: Channel | None = None
    after: UUID | None = Field(None, description="the last appointment_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


class AppointmentPage(BaseModel):
    """A page of appointments."""

    appointments: list[AppointmentView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class Count(BaseModel):
    """What became of the appointments of one channel and visit type; `booked` are all that ever were."""

    channel: Channel
    visit_type: str
    booked: int
    cancelled: int = Field(description="of those booked")
    arrived: int
    completed: int
    held: int = Field(description="holds that are open now")
    expired: int
    missed: int = Field(description="of those booked")


def _lane(request: Request) -> Lane:
    lane: Lane = request.app.state.lane
    return lane


WriterLane = Annotated[Lane, Depends(_lane)]


@router.post("/holds", status_code=201, response_model=AppointmentView, dependencies=[may(*BOOKERS)])
async def hold_place(body: PlaceBody, request: Request, lane: WriterLane, commands: CommandRunner) -> Response:
    """Keep a place for five minutes, to be confirmed."""
    return await _ask(take_of(body, hold=True), request, lane, commands)


@router.post("/appointments", status_code=201, response_model=AppointmentView, dependencies=[may(*BOOKERS)])
async def book_place(body: PlaceBody, request: Request, lane: WriterLane, commands: CommandRunner) -> Response:
    """Book a place at once."""
    return await _ask(take_of(body, hold=False), request, lane, commands)


@router.post(
    "/appointments/{appointment_id}/confirmation", response_model=AppointmentView, dependencies=[may(*BOOKERS)]
)
async def confirm_hold(appointment_id: UUID, commands: CommandRunner) -> Response:
    """Make a hold a booking while it is good."""
    return await commands.run(handlers.confirm_hold, appointment_id, answer=AppointmentView)


@router.post(
    "/appointments/{appointment_id}/cancellation", response_model=AppointmentView, dependencies=[may(*BOOKERS)]
)
async def cancel_appointment(
    appointment_id: UUID, body: CancelBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Give a held or booked place back. Patients can until their slot is over, the staff until the session is."""
    command = CancelAppointment(appointment_id=appointment_id, reason=body.reason, by_staff=_is_staff(caller))
    return await commands.run(handlers.cancel_appointment, command, answer=AppointmentView)


@router.post("/appointments/{appointment_id}/reschedule", response_model=AppointmentView, dependencies=[may(*BOOKERS)])
async def reschedule_appointment(
    appointment_id: UUID, body: SlotBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Take a place in another slot and give back the old one, in one step and under the same id.

    Patients can until their slot is over, the staff until the session is.
    """
    command = RescheduleAppointment(appointment_id=appointment_id, slot=_slot(body), by_staff=_is_staff(caller))
    return await commands.run(handlers.reschedule_appointment, command, answer=AppointmentView)


@router.get("/appointments/summary", dependencies=[may(*COUNTERS)])
async def summary(queries: QueryRunner) -> list[Count]:
    """How many were booked and what became of them, by channel and visit type. No patient is named."""
    return [Count(**count) for count in await queries.run(handlers.summary)]


@router.get("/appointments", dependencies=[may(*READERS, Role.PATIENT_APP)])
async def appointments(page: Annotated[Page, Query()], caller: CurrentCaller, queries: QueryRunner) -> AppointmentPage:
    """A page of appointments by id. A patient's app names the patient."""
    if page.patient_id is None and caller.roles.isdisjoint(READERS):
        raise Forbidden(PATIENT_NOT_NAMED, "give patient_id: an app reads one patient's appointments")
    found = await queries.run(handlers.appointments, Wanted(**dict(page)))
    views = [AppointmentView.model_validate(one, from_attributes=True) for one in found]
    return AppointmentPage(appointments=views, next=views[-1].appointment_id if len(views) == page.limit else None)


@router.get("/appointments/{appointment_id}", dependencies=[may(*READERS, Role.PATIENT_APP)])
async def appointment(appointment_id: UUID, queries: QueryRunner) -> AppointmentView:
    """One appointment."""
    return AppointmentView.model_validate(await queries.run(handlers.appointment, appointment_id), from_attributes=True)


async def _ask(take: TakePlace, request: Request, lane: Lane, commands: CommandRunner) -> Response:
    key = request.headers.get(KEY_HEADER, "")
    if not 0 < len(key) <= LONGEST_KEY:
        return no_key()
    route: Any = request.scope["route"]
    body_hash = await commands.body_hash()
    with commands.step("take_place", key) as step:
        return await lane.ask(Keyed(key=key, route=route.path, body_hash=body_hash, take=take, origin=step.origin))


def take_of(body: PlaceBody, *, hold: bool) -> TakePlace:
    """The command that a body asks for."""
    return TakePlace(
        appointment_id=body.appointment_id or new_id(),
        patient_id=body.patient_id,
        slot=_slot(body),
        hold=hold,
        visit_type=body.visit_type,
        channel=body.channel,
        encounter_id=body.encounter_id,
        booked_by=body.booked_by,
    )


def _is_staff(caller: Caller) -> bool:
    return not caller.roles.isdisjoint(STAFF)


def _slot(body: PlaceBody | SlotBody) -> SlotKey:
    return SlotKey(session_id=body.session_id, starts_at=utc(body.slot_starts_at))
