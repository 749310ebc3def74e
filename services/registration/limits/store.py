"""Where the limits in force and the patients in cooling-off are kept, and the SQL about them but for the lane's.

Invariant: one set of limits is in force. The statement that takes places reads both tables (`booking.taking`).
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, SmallInteger, update
from sqlmodel import Field, col, select

from services.registration.limits.model import CoolingOff, Limits
from services.registration.tables import Row
from shared.work import Work


class LimitsRow(Row, table=True):
    """The limits in force."""

    __tablename__ = "booking_limits"
    __table_args__ = (
        CheckConstraint("in_force", name="booking_limits_one"),
        CheckConstraint(
            "future_bookings > 0 AND missed > 0 AND within_days > 0 AND cooling_off_days >= 0",
            name="booking_limits_positive",
        ),
    )

    in_force: bool = Field(default=True, primary_key=True)
    version: str
    future_bookings: int = Field(sa_type=SmallInteger)
    missed: int
    within_days: int
    cooling_off_days: int


class CoolingOffRow(Row, table=True):
    """A patient who does not book for a while. One that was lifted ended then, and stays to say who did it."""

    __tablename__ = "cooling_off"

    patient_id: UUID = Field(primary_key=True)
    until: datetime = Field(sa_type=DateTime(timezone=True))
    missed: int
    limits_version: str
    lifted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    lifted_by: str | None = None


async def limits(work: Work) -> Limits | None:
    """The limits in force; None where there are none."""
    row = (await work.session.exec(select(LimitsRow))).one_or_none()
    return None if row is None else Limits(**row.model_dump(exclude={"in_force"}))


async def keep(work: Work, new: Limits) -> None:
    """Put these limits in force."""
    await work.session.merge(LimitsRow(**asdict(new)))


async def cool_off(work: Work, cooling: CoolingOff) -> None:
    """The patient does not book until then."""
    await work.session.merge(CoolingOffRow(**asdict(cooling), lifted_at=None, lifted_by=None))


async def cooling_off(work: Work, patient_id: UUID) -> CoolingOff | None:
    """The patient's cooling-off, if it is not over."""
    row = await work.session.get(CoolingOffRow, patient_id)
    if row is None or row.until <= work.now:
        return None
    return CoolingOff(**row.model_dump(exclude={"lifted_at", "lifted_by"}))


async def lift(work: Work, patient_id: UUID, by: str) -> None:
    """The patient may book again from now on; what is over already stays as it is."""
    kept = (col(CoolingOffRow.patient_id) == patient_id) & (col(CoolingOffRow.until) > work.now)
    lifted = {"until": work.now, "lifted_at": work.now, "lifted_by": by}
    await work.session.exec(update(CoolingOffRow).where(kept).values(lifted))
