"""Where patients are kept, and the only SQL about them.

Invariant: one row an id; a death is not before birth.
"""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, func, update
from sqlmodel import Field, col, select

from services.registration.patients.model import Insutype, Patient, Sex
from services.registration.tables import Row
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


async def counts(work: Work) -> tuple[int, int]:
    """How many patients there are, and how many of them have died."""
    counted = select(func.count(col(PatientRow.patient_id)), func.count(col(PatientRow.deceased_at)))
    patients, deceased = (await work.session.exec(counted)).one()
    return patients, deceased


def _patient(row: PatientRow | None, patient_id: UUID) -> Patient:
    if row is None:
        raise Missing("patient", patient_id)
    return Patient(**{**row.model_dump(), "sex": Sex(row.sex), "insutype": Insutype(row.insutype)})
