"""The HTTP side of preparation: parse, authorise, run the handler, answer. No rule lives here."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.beds.preparation import handlers, items
from services.beds.preparation.model import (
    Consent,
    DecideConsent,
    DecidedBy,
    Decision,
    Item,
    Mark,
    MarkItems,
    Reason,
    State,
    When,
    Who,
)
from shared.auth import Caller, CurrentCaller, Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals

router = APIRouter(prefix="/preparation", tags=["preparation"], responses=refusals(Reason))

READERS = (
    *(Role.COORDINATOR, Role.WARD_NURSE, Role.FRONT_DESK, Role.CLINICIAN, Role.PATIENT_APP),
    *(Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM),
)
MARKERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.FRONT_DESK, Role.PATIENT_APP)
DOES: dict[Role, frozenset[Who]] = {
    Role.PATIENT_APP: frozenset({Who.PATIENT}),
    Role.FRONT_DESK: frozenset({Who.FRONT_DESK, Who.PATIENT}),
    Role.WARD_NURSE: frozenset({Who.WARD_NURSE, Who.PATIENT}),
    Role.COORDINATOR: frozenset({Who.FRONT_DESK, Who.PATIENT}),
}
"""Staff may do what a patient could have done by app."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class ItemView(BaseModel, from_attributes=True):
    """Something to be done for an admission."""

    code: str
    zh: str
    en: str
    done_by: list[Who]
    when: When = Field(description="before, at or after the arrival in the ward")
    mandatory_for: list[str] = Field(description="sources of admission requests")
    consent: Consent | None = Field(description="it is done by this consent being given")
    self_service: bool = Field(description="the patient may mark it by app")


class ListView(BaseModel):
    """The list in force."""

    version: str
    items: list[ItemView]


class StandingView(BaseModel, from_attributes=True):
    """How an item stands."""

    item: str
    state: State
    mandatory: bool


class MarkKeptView(BaseModel, from_attributes=True):
    """What somebody said of an item, and when."""

    item: str
    state: State
    reason: str | None
    self_service: bool
    marked_by: str
    marked_at: AwareDatetime


class ConsentKeptView(BaseModel, from_attributes=True):
    """What was decided about a consent, and when."""

    consent: Consent
    decision: Decision
    decided_by: DecidedBy
    recorded_by: str
    decided_at: AwareDatetime


class PreparationView(BaseModel, from_attributes=True):
    """How an admission is prepared."""

    request_id: UUID
    items_version: str
    items: list[StandingView]
    consents: dict[Consent, Decision]
    exempt: bool = Field(description="an emergency: nothing keeps the patient out")
    keeps_out: list[str] = Field(description="mandatory items that are open: admitting the patient asks for a reason")
    marks: list[MarkKeptView] = Field(description="the history, oldest first")
    decisions: list[ConsentKeptView] = Field(description="the history, oldest first")
    version: int


class MarkBody(BaseModel, extra="forbid"):
    """How one item stands."""

    item: Code
    state: Literal[State.OPEN, State.DONE, State.NOT_APPLICABLE]
    reason: Code | None = Field(None, description="a code; an item that does not apply needs one")


class MarksBody(BaseModel, extra="forbid"):
    """How some items stand."""

    marks: list[MarkBody] = Field(min_length=1, max_length=50)


class ConsentBody(BaseModel, extra="forbid"):
    """What was decided."""

    consent: Consent
    decision: Decision
    decided_by: DecidedBy = DecidedBy.PATIENT


@router.get("/items", dependencies=[may(*READERS)])
async def preparation_items() -> ListView:
    """What there is to do, by whom and when; the latest version."""
    latest = max(items.shipped().values(), key=lambda one: one.valid_from)
    return ListView(version=latest.version, items=[_item(one) for one in latest.items])


@router.get("/{request_id}", dependencies=[may(*READERS)])
async def preparation(request_id: UUID, queries: QueryRunner) -> PreparationView:
    """How one admission is prepared, and what still lacks."""
    return PreparationView.model_validate(await queries.run(handlers.prepared, request_id))


@router.post("/{request_id}/marks", response_model=PreparationView, dependencies=[may(*MARKERS)])
async def mark_items(request_id: UUID, body: MarksBody, caller: CurrentCaller, commands: CommandRunner) -> Response:
    """Say of some items how they stand; a patient does so by app for those that are theirs."""
    command = MarkItems(
        request_id=request_id,
        marks=tuple(Mark(**dict(one)) for one in body.marks),
        as_who=_who(caller),
        marked_by=caller.subject,
    )
    return await commands.run(handlers.mark_items, command, answer=PreparationView)


@router.post(
    "/{request_id}/consents", response_model=PreparationView, dependencies=[may(Role.WARD_NURSE, Role.CLINICIAN)]
)
async def decide_consent(
    request_id: UUID, body: ConsentBody, caller: CurrentCaller, commands: CommandRunner
) -> Response:
    """Note a consent that was given, refused or withdrawn."""
    command = DecideConsent(request_id=request_id, recorded_by=caller.subject, **dict(body))
    return await commands.run(handlers.decide_consent, command, answer=PreparationView)


def _who(caller: Caller) -> frozenset[Who]:
    return frozenset().union(*(DOES.get(role, frozenset()) for role in caller.roles))


def _item(item: Item) -> ItemView:
    return ItemView(
        code=item.code,
        zh=item.zh,
        en=item.en,
        done_by=sorted(item.done_by),
        when=item.when,
        mandatory_for=sorted(item.mandatory_for),
        consent=item.consent,
        self_service=item.consent is None and Who.PATIENT in item.done_by,
    )
