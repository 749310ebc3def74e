"""Where consents are kept, and the SQL about them but for the lane's."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text, update
from sqlmodel import Field, col, select

from services.registration.consents.model import Consent, Evidence, Reason, Relation
from services.registration.tables import Row, words
from shared.work import Missing, Work

GOOD = "withdrawn_at IS NULL"


class ConsentRow(Row, table=True):
    """A consent, good until it is withdrawn."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint(f"relation IN ({words(Relation)})", name="consent_relation"),
        CheckConstraint(f"evidence IN ({words(Evidence)})", name="consent_evidence"),
        CheckConstraint("patient_id <> proxy_id", name="consent_of_another"),
        Index("one_consent_a_proxy", "patient_id", "proxy_id", unique=True, postgresql_where=text(GOOD)),
        Index("ix_consent_patient_id", "patient_id"),
    )

    consent_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    proxy_id: UUID = Field(foreign_key="patient.patient_id")
    relation: str
    evidence: str
    granted_at: datetime = Field(sa_type=DateTime(timezone=True))
    withdrawn_at: datetime | None = Field(sa_type=DateTime(timezone=True))


async def add(work: Work, new: Consent) -> Reason | None:
    """Write a consent. Returns why it cannot be, or None."""
    return None if await work.insert(ConsentRow(**asdict(new))) is None else Reason.CONSENT_EXISTS


async def consent_for_change(work: Work, consent_id: UUID) -> Consent:
    """The consent, kept from others until this work is done, or `Missing`."""
    query = select(ConsentRow).where(col(ConsentRow.consent_id) == consent_id).with_for_update()
    row = (await work.session.exec(query)).one_or_none()
    if row is None:
        raise Missing("consent", consent_id)
    return _consent(row)


async def withdraw(work: Work, withdrawn: Consent) -> None:
    """Note that a consent is withdrawn."""
    mine = col(ConsentRow.consent_id) == withdrawn.consent_id
    await work.session.exec(update(ConsentRow).where(mine).values(withdrawn_at=withdrawn.withdrawn_at))


async def consents(work: Work, patient_id: UUID) -> list[Consent]:
    """All that the patient has ever given, the latest first."""
    mine = col(ConsentRow.patient_id) == patient_id
    query = select(ConsentRow).where(mine).order_by(col(ConsentRow.granted_at).desc(), col(ConsentRow.consent_id))
    return [_consent(row) for row in await work.session.exec(query)]


def _consent(row: ConsentRow) -> Consent:
    return Consent(**{**row.model_dump(), "relation": Relation(row.relation), "evidence": Evidence(row.evidence)})
