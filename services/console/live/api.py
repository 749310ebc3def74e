"""The streams: one that keeps an open board up to date, one that brings the events to other programs."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse

from services.console.live.events import events_after, start_of
from services.console.live.feed import Feed
from services.console.pages.access import READERS
from services.console.pages.language import Tag
from services.console.pages.route import PageRoute
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(tags=["pages"], route_class=PageRoute, dependencies=[may(*READERS, cookie=True)])
apps = APIRouter(tags=["events"], dependencies=[may(Role.SYSTEM)], responses=REFUSALS)

UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get(
    "/live",
    response_class=Response,
    responses={200: {"description": "pieces of the page", "content": {"text/event-stream": {}}}},
)
async def live(
    request: Request,
    after: Annotated[int, Query(ge=0, description="the position at which the page was drawn")],
    lang: Annotated[Tag, Query(description="the language of the page")],
    last_event_id: Annotated[int | None, Header(ge=0, description="where a broken stream had come to")] = None,
) -> EventSourceResponse:
    """Server-sent events: pieces of the page as HTML. The id of each is a position to come back with.

    FastAPI would encode every event for every client; frames are drawn and encoded once, so the answer is made here.
    """
    feed: Feed = request.app.state.feed
    start = after if last_event_id is None else last_event_id
    return EventSourceResponse(feed.stream(start, lang), headers=UNBUFFERED)


@apps.get(
    "/events",
    response_class=Response,
    responses={200: {"description": "events as JSON (CloudEvents)", "content": {"text/event-stream": {}}}},
)
async def events(
    request: Request,
    queries: QueryRunner,
    after: Annotated[
        int | None, Query(ge=0, description="a position; 0 for everything, nothing for from now on")
    ] = None,
    last_event_id: Annotated[int | None, Header(ge=0, description="where a broken stream had come to")] = None,
) -> EventSourceResponse:
    """Server-sent events for programs: every event but `bed-state`, named by its type, at least once, in order per key.

    The `id` of each is a position to come back with, as `Last-Event-ID` or `after`. A program answers for who sees
    what: the fields are as on the topics, codes of diagnoses among them.
    """
    feed: Feed = request.app.state.feed
    start = await queries.run(start_of, after if last_event_id is None else last_event_id)
    return EventSourceResponse(feed.follow(start, events_after(queries)), headers=UNBUFFERED)
