"""The page of those who wait for a bed."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.console.desk import handlers
from services.console.pages.access import READERS
from services.console.pages.page import Page
from services.console.pages.route import PageRoute
from shared.auth import may
from shared.http import QueryRunner

router = APIRouter(tags=["pages"], route_class=PageRoute, dependencies=[may(*READERS, cookie=True)])


@router.get("/coordinator", response_class=HTMLResponse)
async def coordinator(page: Page, queries: QueryRunner) -> HTMLResponse:
    """Coordinator (床位统筹): who waits for a bed, and what is still to be done for each."""
    return page.html("coordinator.html", shown=await queries.run(handlers.desk))
