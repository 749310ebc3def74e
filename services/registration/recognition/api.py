"""The HTTP side of mutual recognition: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.recognition import handlers
from services.registration.recognition.model import ExamResult, Partner, Quality, Reason
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

REFUSED = refusals(
    Reason.RESULT_EXISTS,
    Reason.PARTNER_UNKNOWN,
    Reason.ITEM_UNKNOWN,
    Reason.PATIENT_UNKNOWN,
    Reason.IN_THE_FUTURE,
)
router = APIRouter(tags=["mutual recognition"], responses=REFUSED)

READERS = (Role.FRONT_DESK, Role.CLINICIAN, Role.COORDINATOR, Role.BACK_OFFICE, Role.VIEWER)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Month = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-03"])]


class PartnerBody(BaseModel, extra="forbid"):
    """Whether a partner's results count here (质量合格标识)."""

    recognised: bool


class PartnerView(BaseModel):
    """A partner hospital."""

    partner_id: str
    recognised: bool


class ResultBody(BaseModel, extra="forbid"):
    """A partner's result: that it is there, not what it says."""

    result_id: UUID
    partner_id: Code
    patient_id: UUID
    item_code: Code
    performed_at: AwareDatetime
    quality: Quality = Field(description="what the partner's quality control said")


class ResultView(BaseModel):
    """A partner's result as it was taken in."""

    result_id: UUID
    partner_id: str
    item_code: str
    performed_at: AwareDatetime
    quality: Quality


class RecognisedView(BaseModel):
    """A result that may be used in place of a new exam."""

    result_id: UUID
    partner_id: str
    item_code: str
    performed_at: AwareDatetime
    valid_until: AwareDatetime


class FiguresView(BaseModel):
    """What recognition came to in a month, on the hospital's calendar. Money is whole fen."""

    avoided: int = Field(description="exams that were not done because a recognised result was used")
    saved_fen: int
    overridden: int = Field(description="exams done in spite of a recognised result")
    overridden_by_reason: dict[str, int]


@router.put(
    "/exam-partners/{partner_id}", response_model=PartnerView, dependencies=[may(Role.BACK_OFFICE, Role.SYSTEM)]
)
async def put_partner(partner_id: Annotated[Code, Path()], body: PartnerBody, commands: CommandRunner) -> Response:
    """Write a partner hospital and whether its results count."""
    partner = Partner(partner_id=partner_id, recognised=body.recognised)
    return await commands.run(handlers.put_partner, partner, answer=PartnerView)


@router.get("/exam-partners", dependencies=[may(*READERS, Role.SYSTEM)])
async def partners(queries: QueryRunner) -> list[PartnerView]:
    """All partner hospitals."""
    return [PartnerView.model_validate(one, from_attributes=True) for one in await queries.run(handlers.partners)]


@router.post("/exam-results", status_code=201, response_model=ResultView, dependencies=[may(Role.SYSTEM)])
async def receive_result(body: ResultBody, commands: CommandRunner) -> Response:
    """Take in a partner's result, through the region's exchange."""
    return await commands.run(handlers.receive_result, ExamResult(**dict(body)), answer=ResultView)


@router.get("/patients/{patient_id}/recognised-results", dependencies=[may(*READERS)])
async def recognised(
    patient_id: UUID, item_code: Annotated[list[Code], Query(min_length=1, max_length=50)], queries: QueryRunner
) -> list[RecognisedView]:
    """The patient's results of these items that may be used now: look before you order."""
    found = await queries.run(handlers.recognised, patient_id, item_code)
    return [RecognisedView.model_validate(one, from_attributes=True) for one in found]


@router.get("/recognition/figures", dependencies=[may(*READERS, Role.OPERATOR)])
async def figures(month: Month, queries: QueryRunner) -> FiguresView:
    """Exams avoided and money saved in a month."""
    found = await queries.run(handlers.figures, date.fromisoformat(f"{month}-01"))
    return FiguresView.model_validate(found, from_attributes=True)
