"""The HTTP side of consents: parse, authorise, run the handler, answer. No rule lives here."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.registration.consents import handlers
from services.registration.consents.model import Evidence, GiveConsent, Reason, Relation
from services.registration.patients.model import DECEASED
from shared.auth import Role, may
from shared.commands import CommandRunner
from shared.http import QueryRunner, refusals
from shared.ids import new_id

router = APIRouter(tags=["consents"], responses=refusals(Reason, DECEASED.reason))

RECORDERS = (Role.FRONT_DESK, Role.PATIENT_APP)


class ConsentBody(BaseModel, extra="forbid"):
    """Who may book for the patient, and what that rests on. Both are persons of the register."""

    consent_id: UUID | None = Field(None, description="chosen by the client, new for each consent; else by us")
    proxy_id: UUID
    relation: Relation
    evidence: Evidence


class ConsentView(BaseModel, from_attributes=True):
    """A consent. Instants are UTC."""

    consent_id: UUID
    patient_id: UUID
    proxy_id: UUID
    relation: Relation
    evidence: Evidence
    granted_at: AwareDatetime
    withdrawn_at: AwareDatetime | None


class ConsentList(BaseModel):
    """All that a patient has ever given, the latest first."""

    consents: list[ConsentView]


@router.post(
    "/patients/{patient_id}/consents", status_code=201, response_model=ConsentView, dependencies=[may(*RECORDERS)]
)
async def give_consent(patient_id: UUID, body: ConsentBody, commands: CommandRunner) -> Response:
    """Record that the patient lets somebody else book (代办)."""
    command = GiveConsent(patient_id=patient_id, **{**dict(body), "consent_id": body.consent_id or new_id()})
    return await commands.run(handlers.give_consent, command, answer=ConsentView)


@router.post("/consents/{consent_id}/withdrawal", response_model=ConsentView, dependencies=[may(*RECORDERS)])
async def withdraw_consent(consent_id: UUID, commands: CommandRunner) -> Response:
    """Let the proxy book no more; what is booked stays."""
    return await commands.run(handlers.withdraw_consent, consent_id, answer=ConsentView)


@router.get("/patients/{patient_id}/consents", dependencies=[may(*RECORDERS, Role.BACK_OFFICE)])
async def consents(patient_id: UUID, queries: QueryRunner) -> ConsentList:
    """All that the patient has ever given."""
    found = await queries.run(handlers.consents, patient_id)
    return ConsentList.model_validate({"consents": found}, from_attributes=True)
