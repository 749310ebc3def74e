"""The HTTP side of exam orders: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.examcatalogue.model import Reason as CatalogueReason
from services.registration.exams import handlers
from services.registration.exams.case import MOST_EXAMS
from services.registration.exams.model import CancelReason, ExamStatus, MoveExam, OrderExams, Reason, Status
from services.registration.patients.model import DECEASED
from services.registration.recognition.api import RecognisedView
from services.registration.recognition.model import Choice, OverrideReason
from services.registration.recognition.model import Reason as RecognitionReason
from shared.auth import Role, may
from shared.commands import CommandRunner, refused
from shared.decision import Refused
from shared.http import QueryRunner, refusals

REFUSED = refusals(
    Reason,
    DECEASED.reason,
    CatalogueReason.ITEM_UNKNOWN,
    CatalogueReason.NETWORK_MISSING,
    RecognitionReason.NOT_RECOGNISED,
    RecognitionReason.REASON_MISSING,
    RecognitionReason.DECIDED,
)
router = APIRouter(tags=["exams"], responses=REFUSED)

BOOKERS = (Role.FRONT_DESK, Role.CLINICIAN, Role.COORDINATOR, Role.PATIENT_APP)
READERS = (*BOOKERS, Role.WARD_NURSE, Role.BACK_OFFICE, Role.VIEWER)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]


class WindowBody(BaseModel, extra="forbid"):
    """A time in which the patient can come."""

    from_at: AwareDatetime
    to_at: AwareDatetime


class OrderBody(BaseModel, extra="forbid"):
    """Several exams that are planned together."""

    order_id: UUID
    patient_id: UUID
    item_codes: list[Code] = Field(min_length=1, max_length=MOST_EXAMS)
    conditions: list[Code] = Field(default=[], max_length=20, description="what changes preparations: metformin …")
    campus_ids: list[Code] = Field(default=[], max_length=50, description="where the patient can go; empty is anywhere")
    windows: list[WindowBody] = Field(default=[], max_length=100, description="when the patient can come; empty is any")
    not_before: AwareDatetime | None = None
    latest_at: AwareDatetime | None = Field(None, description="all exams are over by then; else within 14 days")


class DecisionBody(BaseModel, extra="forbid"):
    """What is done with a recognised result."""

    item_code: Code
    result_id: UUID
    choice: Choice
    reason: OverrideReason | None = Field(None, description="of an override")


class CancelBody(BaseModel, extra="forbid"):
    """Why the places are given back."""

    reason: Literal[CancelReason.PATIENT, CancelReason.HOSPITAL]


class MoveBody(BaseModel, extra="forbid"):
    """Where one exam should be instead."""

    starts_at: AwareDatetime
    campus_id: Code | None = None
    device_id: Code | None = None


class ExamView(BaseModel):
    """One exam on its device; `reading_campus_id` reads and reports it. Instants are UTC."""

    item_code: str
    device_id: str
    campus_id: str
    reading_campus_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    status: ExamStatus


class PreparationView(BaseModel):
    """What the patient is told."""

    preparation_code: str
    text_zh: str
    text_en: str


class OrderView(BaseModel):
    """An exam order. `proven` says whether no plan is better than the one it has."""

    order_id: UUID
    patient_id: UUID
    item_codes: list[str]
    reused_codes: list[str] = Field(description="items for which a recognised result stands")
    before_admission: bool
    status: Status
    reason: str | None
    latest_at: AwareDatetime | None
    held_until: AwareDatetime | None
    visits: int | None = Field(description="comings to a campus on a day")
    stay_minutes: int | None = Field(description="minutes on site, all visits together")
    visits_one_by_one: int | None = Field(description="what booking each exam by itself would have taken")
    proven: bool | None
    exams: list[ExamView]
    ordered_at: AwareDatetime


class DecisionView(BaseModel):
    """What a clinician has decided about a recognised result."""

    item_code: str
    result_id: UUID
    choice: Choice
    reason: OverrideReason | None = Field(description="of an override")
    decided_at: AwareDatetime


class ShownView(BaseModel):
    """An order, the results that could stand for its exams, what was decided, and what the patient is told."""

    order: OrderView
    recognised: list[RecognisedView] = Field(description="what could be used now; each is decided about before booking")
    decisions: list[DecisionView]
    preparations: list[PreparationView]


class ProposalView(BaseModel):
    """The plan that the order would get now; nothing is kept."""

    exams: list[ExamView]
    visits: int
    stay_minutes: int
    visits_one_by_one: int | None
    proven: bool
    preparations: list[PreparationView]


class OrderPage(BaseModel):
    """A page of orders."""

    exam_orders: list[OrderView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class SummaryView(BaseModel):
    """What planning came to. No patient is named."""

    orders: int = Field(description="with a plan that is booked or done")
    exams: int
    done: int
    visits: int
    visits_compared: int = Field(description="of orders whose exams could all have been booked by themselves")
    visits_one_by_one: int = Field(description="what booking each exam by itself would have taken these")
    unplanned: int = Field(description="orders on the worklist")


class StartList(BaseModel):
    """Where an exam may be moved to, earliest first."""

    starts: list[ExamView]


class Page(BaseModel, extra="forbid"):
    """Which orders, and which page of them."""

    patient_id: UUID | None = None
    status: Status | None = Field(None, description="`unplanned` is the worklist of what has no place")
    after: UUID | None = Field(None, description="the last order_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


@router.post(
    "/exam-orders", status_code=201, response_model=ShownView, dependencies=[may(Role.CLINICIAN, Role.FRONT_DESK)]
)
async def order_exams(body: OrderBody, commands: CommandRunner) -> Response:
    """Write an order; the answer shows recognised results before anything is booked."""
    command = OrderExams(
        order_id=body.order_id,
        patient_id=body.patient_id,
        item_codes=tuple(body.item_codes),
        conditions=tuple(body.conditions),
        campus_ids=tuple(body.campus_ids),
        windows=tuple((one.from_at, one.to_at) for one in body.windows),
        not_before=body.not_before,
        latest_at=body.latest_at,
    )
    return await commands.run(handlers.order_exams, command, answer=ShownView)


@router.post("/exam-orders/{order_id}/decisions", response_model=ShownView, dependencies=[may(Role.CLINICIAN)])
async def decide(order_id: UUID, body: DecisionBody, commands: CommandRunner) -> Response:
    """Let a recognised result stand for an exam, or have it done again with a reason."""
    asked = order_id, body.item_code, body.result_id, body.choice, body.reason
    return await commands.run(handlers.decide, *asked, answer=ShownView)


@router.get("/exam-orders/{order_id}/proposal", response_model=ProposalView, dependencies=[may(*READERS)])
async def propose(order_id: UUID, queries: QueryRunner) -> Response | ProposalView:
    """The best plan as things are now; it holds nothing."""
    found = await queries.run(handlers.propose, order_id)
    return refused(found) if isinstance(found, Refused) else ProposalView.model_validate(found, from_attributes=True)


@router.post("/exam-orders/{order_id}/hold", response_model=ShownView, dependencies=[may(*BOOKERS)])
async def hold_plan(order_id: UUID, commands: CommandRunner) -> Response:
    """Hold the best plan for ten minutes, all its devices or none."""
    return await commands.run(handlers.find_places, order_id, True, answer=ShownView)


@router.post("/exam-orders/{order_id}/booking", response_model=ShownView, dependencies=[may(*BOOKERS)])
async def book_plan(order_id: UUID, commands: CommandRunner) -> Response:
    """Book the best plan at once, all its devices or none."""
    return await commands.run(handlers.find_places, order_id, False, answer=ShownView)


@router.post("/exam-orders/{order_id}/confirmation", response_model=ShownView, dependencies=[may(*BOOKERS)])
async def confirm_plan(order_id: UUID, commands: CommandRunner) -> Response:
    """Make a hold a booking."""
    return await commands.run(handlers.confirm_plan, order_id, answer=ShownView)


@router.post("/exam-orders/{order_id}/cancellation", response_model=ShownView, dependencies=[may(*BOOKERS)])
async def cancel_order(order_id: UUID, body: CancelBody, commands: CommandRunner) -> Response:
    """Give back what is not done."""
    return await commands.run(handlers.cancel_order, order_id, body.reason, answer=ShownView)


@router.get("/exam-orders/{order_id}/exams/{item_code}/starts", response_model=StartList, dependencies=[may(*READERS)])
async def legal_starts(order_id: UUID, item_code: Code, on: date, queries: QueryRunner) -> Response | StartList:
    """Where the exam may be moved to on a day while the others stay."""
    found = await queries.run(handlers.legal_starts, order_id, item_code, on)
    if isinstance(found, Refused):
        return refused(found)
    return StartList.model_validate({"starts": found}, from_attributes=True)


@router.post("/exam-orders/{order_id}/exams/{item_code}/move", response_model=ShownView, dependencies=[may(*BOOKERS)])
async def move_exam(order_id: UUID, item_code: Code, body: MoveBody, commands: CommandRunner) -> Response:
    """Give one exam another place; the others stay, and every rule is kept."""
    command = MoveExam(order_id=order_id, item_code=item_code, **dict(body))
    return await commands.run(handlers.move_exam, command, answer=ShownView)


@router.post(
    "/exam-orders/{order_id}/exams/{item_code}/done",
    response_model=ShownView,
    dependencies=[may(Role.CLINICIAN, Role.FRONT_DESK, Role.SYSTEM)],
)
async def note_done(order_id: UUID, item_code: Code, commands: CommandRunner) -> Response:
    """The exam was done."""
    return await commands.run(handlers.note_done, order_id, item_code, answer=ShownView)


@router.get("/exam-orders", dependencies=[may(*READERS)])
async def orders(page: Annotated[Page, Query()], queries: QueryRunner) -> OrderPage:
    """A page of orders by id."""
    found = await queries.run(handlers.orders, page.patient_id, page.status, page.after, page.limit)
    views = [OrderView.model_validate(one, from_attributes=True) for one in found]
    return OrderPage(exam_orders=views, next=views[-1].order_id if len(views) == page.limit else None)


@router.get("/exam-orders/summary", dependencies=[may(Role.BACK_OFFICE, Role.COORDINATOR, Role.VIEWER, Role.OPERATOR)])
async def summary(queries: QueryRunner) -> SummaryView:
    """Visits of all plans, and beside those that can be compared what one by one would have taken."""
    return SummaryView(**await queries.run(handlers.summary))


@router.get("/exam-orders/{order_id}", dependencies=[may(*READERS)])
async def order(order_id: UUID, queries: QueryRunner) -> ShownView:
    """One order."""
    return ShownView.model_validate(await queries.run(handlers.order, order_id), from_attributes=True)
