"""The pages about one patient: the journey, the list to find one in, and the name for those who may see it."""

from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

import httpx
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.console.journey import handlers
from services.console.journey.drawing import LANES, draw
from services.console.pages.access import READERS, names_allowed, token_of
from services.console.pages.page import Page
from services.console.pages.route import PageRoute
from shared.auth import CurrentCaller, may
from shared.http import QueryRunner
from shared.log import logger

router = APIRouter(prefix="/patients", tags=["pages"], route_class=PageRoute, dependencies=[may(*READERS, cookie=True)])

Service = Literal["registration", "beds", "discharge", "followup"]
NAME_SECONDS = 2.0
FOUND = 200

log = logger(__name__)


class Part(BaseModel):
    """Which part of a journey."""

    service: Service | None = Field(default=None, description="only what this service said")
    before: AwareDatetime | None = Field(default=None, description="with `before_id`, only what lies before")
    before_id: UUID | None = None

    @property
    def until(self) -> handlers.Place | None:
        """Where the part ends."""
        return (self.before, self.before_id) if self.before and self.before_id else None


@router.get("", response_class=HTMLResponse)
async def patients(
    page: Page, queries: QueryRunner, find: Annotated[str | None, Query(max_length=100)] = None
) -> Response:
    """The patients of whom something was heard last; `find` goes straight to the one with that id."""
    patient_id = _uuid(find)
    if patient_id is not None:
        return RedirectResponse(f"/patients/{patient_id}", 303)
    recent = await queries.run(handlers.recent_patients)
    wrong = find is not None and find.strip() != ""
    return page.html("patients.html", 422 if wrong else 200, patients=recent, wrong=wrong)


@router.get("/{patient_id}", response_class=HTMLResponse)
async def journey(
    patient_id: UUID, page: Page, caller: CurrentCaller, queries: QueryRunner, asked: Annotated[Part, Query()]
) -> HTMLResponse:
    """One patient's journey (患者旅程), of all services or one."""
    shown = await queries.run(handlers.journey_of, patient_id, asked.service, asked.until)
    return page.html(
        "journey.html",
        shown=shown,
        drawing=draw(shown.chains),
        services=LANES,
        names=names_allowed(caller),
        earlier=_earlier(patient_id, shown.earlier, asked.service),
    )


@router.get("/{patient_id}/name", response_class=HTMLResponse)
async def name(patient_id: UUID, request: Request, page: Page, caller: CurrentCaller) -> HTMLResponse:
    """The patient's name, read from registration with the caller's own token; nothing where that says no."""
    client: httpx.AsyncClient | None = request.app.state.registration
    found = await _name(client, patient_id, token_of(request)) if client and names_allowed(caller) else None
    return page.html("name.html", name=found)


async def _name(client: httpx.AsyncClient, patient_id: UUID, token: str) -> str | None:
    try:
        answer = await client.get(f"/patients/{patient_id}", headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as fault:
        log.warning("registration-unreachable", error=type(fault).__name__)
        return None
    return str(answer.json()["name"]) if answer.status_code == FOUND else None


def _earlier(patient_id: UUID, end: handlers.Place | None, service: str | None) -> str | None:
    """The address of the part before this one."""
    if end is None:
        return None
    asked = {"before": end[0].isoformat(), "before_id": str(end[1])} | ({"service": service} if service else {})
    return f"/patients/{patient_id}?{urlencode(asked)}"


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID((text or "").strip())
    except ValueError:
        return None
