"""The HTTP side of the alliance quota: parse, authorise, run the handler, answer. No rule lives here.

A partner's own program calls as `system`; it answers for speaking only for its partner.
"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.registration.booking.refusals import Reason as BookingReason
from services.registration.patients.model import DECEASED
from services.registration.quota import handlers
from services.registration.quota.model import (
    CloseReason,
    Partner,
    Reason,
    Refer,
    Referral,
    State,
    Urgency,
    WaitReason,
    Wanted,
)
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

router = APIRouter(
    tags=["alliance quota"],
    responses=refusals(Reason, DECEASED.reason, BookingReason.NOT_OPEN, BookingReason.OWN_SLOT_OVER),
)

PARTNERS = (Role.SYSTEM, Role.FRONT_DESK)
READERS = (Role.SYSTEM, Role.FRONT_DESK, Role.BACK_OFFICE, Role.CLINICIAN, Role.OPERATOR, Role.VIEWER)
OFFICE = (Role.BACK_OFFICE, Role.OPERATOR)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class PartnerBody(BaseModel, extra="forbid"):
    """A partner and its quota."""

    name_zh: Label
    name_en: Label | None = None
    places_a_week: int = Field(ge=0, le=10_000, description="of the kept places, in all specialties together")
    active: bool = True


class PartnerView(BaseModel):
    """A partner and its quota."""

    partner_id: str
    name_zh: str
    name_en: str | None
    places_a_week: int
    active: bool


class PartnerList(BaseModel):
    """All partners."""

    partners: list[PartnerView]


class ReferralBody(BaseModel, extra="forbid"):
    """Whom a partner refers, to what and how soon. A new patient is registered first."""

    referral_id: UUID | None = Field(None, description="chosen by the client, new for each referral; else by us")
    partner_id: Code
    patient_id: UUID
    specialty: Code
    campus_id: Code | None = Field(None, description="any campus unless given")
    urgency: Urgency


class PlacementBody(BaseModel, extra="forbid"):
    """The appointment that was found for it."""

    appointment_id: UUID


class ClosingBody(BaseModel, extra="forbid"):
    """Why it is over."""

    reason: Literal[CloseReason.PARTNER, CloseReason.PATIENT, CloseReason.NOT_NEEDED]


class ReferralView(BaseModel):
    """A referral in its latest version. Instants are UTC."""

    referral_id: UUID
    partner_id: str
    patient_id: UUID
    specialty: str
    campus_id: str | None
    urgency: Urgency
    policy_version: str
    state: State
    wait_reason: WaitReason | None
    close_reason: CloseReason | None
    appointment_id: UUID | None
    referred_at: AwareDatetime
    due_at: AwareDatetime = Field(description="promised by then")
    version: int


class WorkView(ReferralView):
    """A referral on the worklist."""

    overdue: bool = Field(description="it waits, and its promise is past")


class ReferralPage(BaseModel):
    """A page of referrals, the nearest promise first."""

    referrals: list[WorkView]
    next: UUID | None = Field(description="give it as `after` for the next page; null on the last")


class Page(BaseModel, extra="forbid"):
    """Which referrals, and which page of them; with `state=waiting` the worklist."""

    state: State | None = None
    partner_id: Code | None = None
    specialty: Code | None = None
    after: UUID | None = Field(None, description="the last referral_id of the page before")
    limit: int = Field(100, ge=1, le=1000)


@router.put("/partners/{partner_id}", response_model=PartnerView, dependencies=[may(*OFFICE)])
async def keep_partner(partner_id: Code, body: PartnerBody, commands: CommandRunner) -> Response:
    """Write a partner with its quota a week; what it has taken stays taken."""
    partner = Partner(partner_id=partner_id, **dict(body))
    return await commands.run(handlers.keep_partner, partner, answer=PartnerView)


@router.get("/partners", dependencies=[may(*READERS)])
async def partners(queries: QueryRunner) -> PartnerList:
    """All partners."""
    found = await queries.run(handlers.partners)
    return PartnerList.model_validate({"partners": found}, from_attributes=True)


@router.post("/referrals", status_code=201, response_model=ReferralView, dependencies=[may(*PARTNERS)])
async def refer(body: ReferralBody, commands: CommandRunner) -> Response:
    """Refer a patient: the answer has the appointment, or says that it waits and for when it was promised."""
    command = Refer(**dict(body) | {"referral_id": body.referral_id or new_id()})
    return await commands.run(handlers.refer, command, answer=ReferralView)


@router.post(
    "/referrals/{referral_id}/placement", response_model=ReferralView, dependencies=[may(Role.FRONT_DESK, *OFFICE)]
)
async def place(referral_id: UUID, body: PlacementBody, commands: CommandRunner) -> Response:
    """Take a referral off the worklist: this appointment was booked for it."""
    return await commands.run(handlers.place, referral_id, body.appointment_id, answer=ReferralView)


@router.post("/referrals/{referral_id}/closing", response_model=ReferralView, dependencies=[may(*PARTNERS)])
async def close(referral_id: UUID, body: ClosingBody, commands: CommandRunner) -> Response:
    """End a referral; the place that it has is given back."""
    return await commands.run(handlers.close, referral_id, body.reason, answer=ReferralView)


@router.get("/referrals", dependencies=[may(*READERS)])
async def referrals(page: Annotated[Page, Query()], queries: QueryRunner) -> ReferralPage:
    """A page of referrals, the nearest promise first."""
    found: list[Referral] = await queries.run(handlers.referrals, Wanted(**dict(page)))
    now = queries.database.clock.now()
    fields = ReferralView.model_fields
    views = [
        WorkView.model_validate({name: getattr(one, name) for name in fields} | {"overdue": one.is_overdue(now)})
        for one in found
    ]
    return ReferralPage(referrals=views, next=views[-1].referral_id if len(views) == page.limit else None)


@router.get("/referrals/{referral_id}", dependencies=[may(*READERS)])
async def referral(referral_id: UUID, queries: QueryRunner) -> ReferralView:
    """One referral."""
    return ReferralView.model_validate(await queries.run(handlers.referral, referral_id), from_attributes=True)
