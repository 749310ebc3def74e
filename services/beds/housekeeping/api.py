"""The HTTP side of housekeeping: what is to be cleaned and by when, begun and done. No rule lives here.

Cleaning staff work with the ward's tablet; who did it is the subject of its token.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.beds.housekeeping import handlers
from services.beds.housekeeping.model import Kind, Reason, View
from services.beds.inventory.api import READERS, BedStateView
from services.beds.inventory.model import Reason as InventoryReason
from shared.auth import CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(
    tags=["housekeeping"],
    responses=refusals(Reason, InventoryReason.NOTHING_TO_CLEAN, InventoryReason.NOT_TO_CONTAMINATE),
)


class CleaningView(BaseModel):
    """A bed that is to be cleaned, or was. Instants are UTC."""

    task_id: UUID
    bed_id: str
    ward_id: str
    stay_id: UUID | None = Field(description="the stay that asked for it; null where nobody left")
    kind: Kind = Field(description="from the lightest to the strongest: turnover, terminal, isolation")
    requested_at: AwareDatetime
    due_at: AwareDatetime
    started_at: AwareDatetime | None
    started_by: str | None
    done_at: AwareDatetime | None
    done_by: str | None
    cancelled_at: AwareDatetime | None


class CleanedBody(BaseModel, extra="forbid"):
    """How the bed was cleaned."""

    kind: Kind | None = Field(None, description="what was done; left out: what the task asked for")


@router.get("/cleaning", dependencies=[may(*READERS)])
async def cleaning(
    queries: QueryRunner,
    view: View = View.OPEN,
    ward_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[CleaningView]:
    """Beds to be cleaned, the most urgent first; those that are late; or those that are done, the last first."""
    found = await queries.run(handlers.tasks, view, ward_id, limit)
    return [CleaningView.model_validate(task, from_attributes=True) for task in found]


@router.post(
    "/beds/{bed_id:path}/cleaning-start",
    response_model=CleaningView,
    dependencies=[may(Role.WARD_NURSE, Role.COORDINATOR)],
)
async def start_cleaning(bed_id: str, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Somebody begins to clean the bed."""
    return await commands.run(handlers.start_cleaning, bed_id, caller.subject, answer=CleaningView)


@router.post("/beds/{bed_id:path}/cleaned", response_model=BedStateView, dependencies=[may(Role.WARD_NURSE)])
async def mark_cleaned(
    bed_id: str, caller: CurrentCaller, commands: CommandRunner, body: CleanedBody | None = None
) -> Response:
    """Housekeeping is done: the bed is free again. A weaker cleaning than the bed needs is refused."""
    kind = body.kind if body else None
    return await commands.run(handlers.finish_cleaning, bed_id, kind, caller.subject, answer=BedStateView)


@router.post(
    "/beds/{bed_id:path}/contamination",
    response_model=BedStateView,
    dependencies=[may(Role.WARD_NURSE, Role.COORDINATOR)],
)
async def contaminate_bed(bed_id: str, commands: CommandRunner) -> Response:
    """An empty bed is found contaminated (K): nobody has it before an isolation cleaning."""
    return await commands.run(handlers.contaminate_bed, bed_id, answer=BedStateView)
