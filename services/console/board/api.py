"""The page that shows the hospital as it is now, and the counts of what was seen on the topics."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from services.console.board import handlers
from services.console.pages.access import READERS
from services.console.pages.page import Page
from services.console.pages.route import PageRoute
from services.console.projection import queries as projection
from shared.auth import may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(tags=["pages"], route_class=PageRoute, dependencies=[may(*READERS, cookie=True)])
reports = APIRouter(
    prefix="/api/events", tags=["reports"], dependencies=[may(*READERS, cookie=True)], responses=REFUSALS
)


class EventSummary(BaseModel):
    """How many events of each type this service has seen on the topics, each counted once."""

    events: Annotated[
        dict[str, int], Field(description="event type → how many", examples=[{"beds.bed-reserved.v1": 27}])
    ]
    total: Annotated[int, Field(description="all of them")]


@router.get("/", response_class=HTMLResponse)
async def hospital_now(request: Request, page: Page, queries: QueryRunner) -> HTMLResponse:
    """Hospital now (全院一览): beds by ward, counts, and what has just happened."""
    shown = await queries.run(handlers.hospital_now, request.app.state.zone)
    return page.html("hospital.html", shown=shown)


@reports.get("/summary")
async def summary(queries: QueryRunner) -> EventSummary:
    """Events by type, as seen on the topics."""
    events = await queries.run(projection.summary)
    return EventSummary(events=events, total=sum(events.values()))
