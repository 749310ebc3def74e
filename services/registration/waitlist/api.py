"""The HTTP side of the waitlist: parse, authorise, run the handler, answer. No rule lives here.

Invariant: a patient's app sees the entries of its patient and their rank, never who else waits: that is for the staff.
"""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, field_validator, model_validator

from services.registration.booking.model import Channel
from services.registration.booking.refusals import Reason as NoPlace
from services.registration.patients.model import DECEASED
from services.registration.waitlist import handlers
from services.registration.waitlist.handlers import Standing
from services.registration.waitlist.model import (
    Entry,
    JoinWaitlist,
    LapseReason,
    LeaveReason,
    Reason,
    Status,
    Urgency,
)
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

router = APIRouter(
    prefix="/waitlist", tags=["waitlist"], responses=refusals(Reason, DECEASED.reason, NoPlace.COOLING_OFF)
)

STAFF = (Role.FRONT_DESK, Role.CLINICIAN)
JOINERS = (*STAFF, Role.PATIENT_APP)
READERS = (*STAFF, Role.BACK_OFFICE, Role.FOLLOWUP_NURSE)
COUNTERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR, Role.VIEWER, Role.SYSTEM)
Priority = Literal["stat", "asap", "urgent", "routine"]


class JoinBody(BaseModel, extra="forbid"):
    """Who waits, and for what: a session, or a clinic from one day of its calendar to another."""

    entry_id: UUID | None = Field(None, description="chosen by the client, new for each entry; else by us")
    patient_id: UUID
    session_id: UUID | None = None
    clinic_id: str | None = Field(None, max_length=64)
    earliest_on: date | None = None
    latest_on: date | None = Field(None, description="included")
    visit_type: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="a code, such as outpatient")
    channel: Literal[Channel.DESK, Channel.APP, Channel.PHONE, Channel.KIOSK]
    urgency: Priority = Field("routine", description="FHIR request priority; above routine by staff only")
    auto_accept: bool = Field(False, description="book a place as soon as there is one, without asking")
    replaces_appointment_id: UUID | None = Field(
        None, description="a booked appointment of the patient, given back when the new one is booked and not before"
    )

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        days = (self.clinic_id, self.earliest_on, self.latest_on)
        given = [one is not None for one in days]
        if any(given) if self.session_id else not all(given):
            raise ValueError("give session_id, or clinic_id with earliest_on and latest_on")
        return self


class EntryView(BaseModel):
    """An entry of the waitlist in its latest version. Instants are UTC, days the clinic's."""

    entry_id: UUID
    patient_id: UUID
    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    visit_type: str
    channel: Channel
    urgency: Priority
    auto_accept: bool
    replaces_appointment_id: UUID | None
    status: Status
    joined_at: AwareDatetime
    lapses_at: AwareDatetime = Field(description="from this instant on nothing is offered any more")
    appointment_id: UUID | None = Field(description="the place that is offered, or that was")
    offered_until: AwareDatetime | None
    leave_reason: LeaveReason | None
    lapse_reason: LapseReason | None = Field(description="why no place comes any more")
    version: int

    @field_validator("urgency", mode="before")
    @classmethod
    def _word(cls, given: object) -> object:
        return given.name.lower() if isinstance(given, Urgency) else given


class PlaceView(BaseModel):
    """Where and when the offered place is."""

    appointment_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: AwareDatetime
    slot_ends_at: AwareDatetime
    ordinal: int


class StandingView(EntryView):
    """An entry, what it is offered, and its rank among those who wait for the same."""

    place: PlaceView | None
    position: int | None = Field(description="1 is next; null for whoever does not wait")

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """What is shown of it."""
        entry = EntryView.model_validate(standing.entry, from_attributes=True)
        place = PlaceView.model_validate(standing.place, from_attributes=True) if standing.place else None
        return cls(**dict(entry), place=place, position=standing.position)


class Page(BaseModel, extra="forbid"):
    """Whose waitlist, and which part of it."""

    session_id: UUID | None = None
    clinic_id: str | None = Field(None, max_length=64)
    offset: int = Field(0, ge=0, le=1_000_000)
    limit: int = Field(100, ge=1, le=1000)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.session_id is None) == (self.clinic_id is None):
            raise ValueError("give session_id or clinic_id")
        return self


class RankedView(EntryView):
    """An entry and its place in this list, best first; offers that are out count."""

    rank: int


class RankedList(BaseModel):
    """A part of a waitlist, best first."""

    entries: list[RankedView]


class EntryList(BaseModel):
    """What a patient waits or waited for, the latest first."""

    entries: list[EntryView]


class Summary(BaseModel):
    """What has become of everybody who ever joined. No patient is named."""

    joined: int
    waiting: int
    offered: int = Field(description="were asked whether they want a place")
    filled: int = Field(description="have got one")


@router.post("", status_code=201, response_model=EntryView, dependencies=[may(*JOINERS)])
async def join(body: JoinBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Wait for a place where everything is full."""
    command = JoinWaitlist(
        entry_id=body.entry_id or new_id(),
        patient_id=body.patient_id,
        session_id=body.session_id,
        clinic_id=body.clinic_id,
        earliest_on=body.earliest_on,
        latest_on=body.latest_on,
        visit_type=body.visit_type,
        channel=body.channel,
        urgency=Urgency[body.urgency.upper()],
        auto_accept=body.auto_accept,
        replaces_appointment_id=body.replaces_appointment_id,
        by_staff=not caller.roles.isdisjoint(STAFF),
    )
    return await commands.run(handlers.join, command, answer=EntryView)


@router.post("/{entry_id}/acceptance", response_model=EntryView, dependencies=[may(*JOINERS)])
async def accept_offer(entry_id: UUID, commands: CommandRunner) -> Response:
    """Book the place that is offered; the booking that it replaces, if any, is given back in the same step."""
    return await commands.run(handlers.accept_offer, entry_id, answer=EntryView)


@router.post("/{entry_id}/decline", response_model=EntryView, dependencies=[may(*JOINERS)])
async def decline_offer(entry_id: UUID, commands: CommandRunner) -> Response:
    """Let the place that is offered go to the next."""
    return await commands.run(handlers.decline_offer, entry_id, answer=EntryView)


@router.post("/{entry_id}/leave", response_model=EntryView, dependencies=[may(*JOINERS)])
async def leave(entry_id: UUID, commands: CommandRunner) -> Response:
    """Wait no longer; what is offered is declined."""
    return await commands.run(handlers.leave, entry_id, answer=EntryView)


@router.get("", dependencies=[may(*READERS)])
async def entries(page: Annotated[Page, Query()], queries: QueryRunner) -> RankedList:
    """Whom a place of a session would be offered to, or who waits for anything in a clinic; best first."""
    found: list[Entry]
    if page.session_id is not None:
        found = await queries.run(handlers.entries_of_session, page.session_id, page.offset, page.limit)
    else:
        found = await queries.run(handlers.entries_of_clinic, page.clinic_id, page.offset, page.limit)
    views = [EntryView.model_validate(one, from_attributes=True) for one in found]
    return RankedList(entries=[RankedView(**dict(view), rank=page.offset + n) for n, view in enumerate(views, 1)])


@router.get("/summary", dependencies=[may(*COUNTERS)])
async def summary(queries: QueryRunner) -> Summary:
    """How many joined, wait, were offered a place and got one."""
    return Summary(**await queries.run(handlers.summary))


@router.get("/patients/{patient_id}", dependencies=[may(*READERS, Role.PATIENT_APP)])
async def entries_of_patient(
    patient_id: UUID, queries: QueryRunner, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> EntryList:
    """What a patient waits for, and what came of it before."""
    found = await queries.run(handlers.entries_of_patient, patient_id, limit)
    return EntryList.model_validate({"entries": found}, from_attributes=True)


@router.get("/{entry_id}", dependencies=[may(*READERS, Role.PATIENT_APP)])
async def entry(entry_id: UUID, queries: QueryRunner) -> StandingView:
    """One entry with its rank and what it is offered; who else waits is not shown."""
    return StandingView.of(await queries.run(handlers.standing, entry_id))
