"""Where patients are kept, and the only SQL about them.

Invariant: one row an id; a death is not before birth; a contact has a channel and an address, or neither.
"""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, func, update
from sqlmodel import Field, col, select

from services.registration.patients.model import Contact, ContactChannel, Insutype, Language, Patient, Sex
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work

ONE_PATIENT_AN_ID = "patient_pkey"


class PatientRow(Row, table=True):
    """A patient in the latest version."""

    __tablename__ = "patient"
    __table_args__ = (
        CheckConstraint("sex IN ('F', 'M')", name="patient_sex"),
        CheckConstraint("insutype IN ('310', '390')", name="patient_insutype"),
        CheckConstraint("deceased_at >= born_on", name="patient_death_after_birth"),
    )

    patient_id: UUID = Field(primary_key=True)
    name: str
    phone: str | None
    sex: str
    born_on: date
    insutype: str
    retired: bool
    low_income: bool
    deceased_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    version: int


class ContactRow(Row, table=True):
    """Where a patient wants to be written to, in the latest version; without a channel nowhere."""

    __tablename__ = "patient_contact"
    __table_args__ = (
        CheckConstraint(f"channel IN ({words(ContactChannel)})", name="patient_contact_channel"),
        CheckConstraint(f"language IN ({words(Language)})", name="patient_contact_language"),
        CheckConstraint("(channel IS NULL) = (address IS NULL)", name="patient_contact_is_whole"),
    )

    patient_id: UUID = Field(primary_key=True, foreign_key="patient.patient_id")
    channel: str | None
    address: str | None
    language: str
    chosen_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int


async def patient(work: Work, patient_id: UUID) -> Patient:
    """The patient, or `Missing`."""
    return _patient(await work.session.get(PatientRow, patient_id), patient_id)


async def patient_in_share(work: Work, patient_id: UUID) -> Patient:
    """The patient, or `Missing`; whoever wants to change the row waits for this transaction."""
    query = select(PatientRow).where(col(PatientRow.patient_id) == patient_id).with_for_update(read=True)
    fresh = query.execution_options(populate_existing=True)
    return _patient((await work.session.exec(fresh)).one_or_none(), patient_id)


async def add(work: Work, new: Patient) -> str | None:
    """Write a new patient. Returns the name of the constraint that refused it, or None."""
    return await work.insert(PatientRow(**asdict(new)))


async def save(work: Work, changed: Patient) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    previous = (col(PatientRow.patient_id) == changed.patient_id) & (col(PatientRow.version) == changed.version - 1)
    result = await work.session.exec(update(PatientRow).where(previous).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("patient", changed.patient_id)


async def contact(work: Work, patient_id: UUID) -> Contact | None:
    """What the patient chose; None where they never did."""
    query = select(ContactRow).where(col(ContactRow.patient_id) == patient_id)
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        return None
    channel = ContactChannel(row.channel) if row.channel else None
    return Contact(**{**row.model_dump(), "channel": channel, "language": Language(row.language)})


async def keep_contact(work: Work, chosen: Contact) -> None:
    """Write a first choice or the next. Raises `Stale` when somebody else wrote one first."""
    if chosen.version == 1:
        if await work.insert(ContactRow(**asdict(chosen))):
            raise Stale("contact", chosen.patient_id)
        return
    previous = (col(ContactRow.patient_id) == chosen.patient_id) & (col(ContactRow.version) == chosen.version - 1)
    result = await work.session.exec(update(ContactRow).where(previous).values(**asdict(chosen)))
    if result.rowcount != 1:
        raise Stale("contact", chosen.patient_id)


async def counts(work: Work) -> tuple[int, int]:
    """How many patients there are, and how many of them have died."""
    counted = select(func.count(col(PatientRow.patient_id)), func.count(col(PatientRow.deceased_at)))
    patients, deceased = (await work.session.exec(counted)).one()
    return patients, deceased


def _patient(row: PatientRow | None, patient_id: UUID) -> Patient:
    if row is None:
        raise Missing("patient", patient_id)
    return Patient(**{**row.model_dump(), "sex": Sex(row.sex), "insutype": Insutype(row.insutype)})
