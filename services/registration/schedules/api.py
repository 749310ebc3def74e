"""The HTTP side of schedules: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registration.schedules import handlers
from services.registration.schedules.bodies import (
    ClinicBody,
    ClinicList,
    ClinicView,
    Code,
    DayBody,
    DayList,
    DaysBody,
    DaysQuery,
    DayView,
    OpenedSessionsView,
    PlacesBody,
    ReleaseBody,
    SessionList,
    SessionView,
    SlotList,
    SlotQuery,
    SubstitutionBody,
    minutes,
)
from services.registration.schedules.model import (
    AddPlaces,
    FindSlots,
    OpenSessions,
    PutClinic,
    PutDay,
    Reason,
    ReleaseSessions,
    Session,
    SubstituteClinician,
)
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.work import Work

router = APIRouter(tags=["schedules"], responses=refusals(Reason))

READERS = (
    Role.FRONT_DESK,
    Role.CLINICIAN,
    Role.COORDINATOR,
    Role.BACK_OFFICE,
    Role.FOLLOWUP_NURSE,
    Role.PATIENT_APP,
    Role.VIEWER,
    Role.OPERATOR,
    Role.SYSTEM,
)
PLANNERS = (Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR)


@router.put("/clinics/{clinic_id}", response_model=ClinicView, dependencies=[may(*PLANNERS)])
async def put_clinic(clinic_id: Code, body: ClinicBody, commands: CommandRunner) -> Response:
    """Write a clinic with its weekly template. Sessions that are open stay as they are."""
    fields = {**dict(body), "template": tuple(line.hours() for line in body.template)}
    return await commands.run(handlers.put_clinic, PutClinic(clinic_id=clinic_id, **fields), answer=ClinicView)


@router.post("/clinics/{clinic_id}/sessions", response_model=OpenedSessionsView, dependencies=[may(*PLANNERS)])
async def open_sessions(clinic_id: Code, body: DaysBody, commands: CommandRunner) -> Response:
    """Open the sessions that the template gives those days; a day that is open stays as it is."""
    command = OpenSessions(clinic_id=clinic_id, from_on=body.from_on, to_on=body.to_on)
    return await commands.run(handlers.open_sessions, command, answer=OpenedSessionsView)


@router.put("/clinics/{clinic_id}/days/{on}", response_model=DayView, dependencies=[may(*PLANNERS)])
async def put_day(clinic_id: Code, on: date, body: DayBody, commands: CommandRunner) -> Response:
    """Let the clinic do something else on a single day than its week and calendar say; what is open stays open."""
    command = PutDay(clinic_id=clinic_id, on=on, lines=tuple(line.hours() for line in body.lines))
    return await commands.run(handlers.put_day, command, answer=DayView)


@router.delete("/clinics/{clinic_id}/days/{on}", response_model=None, dependencies=[may(*PLANNERS)])
async def drop_day(clinic_id: Code, on: date, commands: CommandRunner) -> Response:
    """Let the clinic keep its week on that day again."""
    return await commands.run(handlers.drop_day, clinic_id, on, answer=None)


@router.post("/sessions/{session_id}/substitution", response_model=SessionView, dependencies=[may(*PLANNERS)])
async def substitute_clinician(session_id: UUID, body: SubstitutionBody, commands: CommandRunner) -> Response:
    """Let another clinician sit in the session and in all pools of its sitting; the bookings stay as they are."""
    command = SubstituteClinician(session_id=session_id, **dict(body))
    return await commands.run(handlers.substitute_clinician, command, answer=SessionView)


@router.post("/sessions/{session_id}/extra-places", response_model=SessionView, dependencies=[may(*PLANNERS)])
async def add_places(session_id: UUID, body: PlacesBody, commands: CommandRunner) -> Response:
    """Give slots of an open session more places; who waits on the waitlist gets them before anybody can ask."""
    return await commands.run(handlers.add_places, AddPlaces(session_id=session_id, **dict(body)), answer=SessionView)


@router.post("/sessions/release", response_model=SessionList, dependencies=[may(*PLANNERS)])
async def release_sessions(body: ReleaseBody, commands: CommandRunner) -> Response:
    """Let the public have what is free in sessions that were kept for others; answers those that became public."""
    return await commands.run(_release, ReleaseSessions(**dict(body)), answer=SessionList)


async def _release(command: ReleaseSessions, work: Work) -> dict[str, list[Session]]:
    return {"sessions": await handlers.release_named(command, work)}


@router.get("/clinics", dependencies=[may(*READERS)])
async def clinics(queries: QueryRunner, campus_id: Code | None = None) -> ClinicList:
    """All clinics, or those of a campus."""
    found = await queries.run(handlers.clinics, campus_id)
    return ClinicList.model_validate({"clinics": found}, from_attributes=True)


@router.get("/clinics/{clinic_id}", dependencies=[may(*READERS)])
async def clinic(clinic_id: Code, queries: QueryRunner) -> ClinicView:
    """One clinic with its template."""
    return ClinicView.model_validate(await queries.run(handlers.clinic, clinic_id), from_attributes=True)


@router.get("/clinics/{clinic_id}/sessions", dependencies=[may(*READERS)])
async def sessions(clinic_id: Code, asked: Annotated[DaysQuery, Query()], queries: QueryRunner) -> SessionList:
    """A clinic's sessions of those days, closed ones too."""
    found = await queries.run(handlers.sessions, clinic_id, asked.from_on, asked.to_on)
    return SessionList.model_validate({"sessions": found}, from_attributes=True)


@router.get("/clinics/{clinic_id}/days", dependencies=[may(*READERS)])
async def days(clinic_id: Code, asked: Annotated[DaysQuery, Query()], queries: QueryRunner) -> DayList:
    """Those of the days on which a clinic does something else than its week and calendar say."""
    found = await queries.run(handlers.days, clinic_id, asked.from_on, asked.to_on)
    return DayList.model_validate({"days": found}, from_attributes=True)


@router.get("/sessions/{session_id}", dependencies=[may(*READERS)])
async def session(session_id: UUID, queries: QueryRunner) -> SessionView:
    """One session."""
    return SessionView.model_validate(await queries.run(handlers.session, session_id), from_attributes=True)


@router.get("/slots", response_model=SlotList, dependencies=[may(*READERS)])
async def free_slots(asked: Annotated[SlotQuery, Query()], queries: QueryRunner) -> Response:
    """Find slots with a free place that can be booked now, earliest first."""
    found = await queries.run(handlers.public_slots, _find(asked))
    view = SlotList.model_validate({"slots": found}, from_attributes=True)
    return Response(view.model_dump_json(), media_type="application/json")


def _find(asked: SlotQuery) -> FindSlots:
    fields = dict(asked)
    from_time, to_time = fields.pop("from_time"), fields.pop("to_time")
    return FindSlots(
        **fields,
        from_minute=None if from_time is None else minutes(from_time),
        to_minute=None if to_time is None else minutes(to_time),
    )
