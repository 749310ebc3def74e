"""The rows of exam orders and of the use of devices.

Invariant, at every instant: a device does one exam, and a patient is at one exam. Two exclusion constraints hold it
whatever the callers do; a closed device is in use by nobody.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.schema import ExecutableDDLElement
from sqlmodel import Field

from services.registration.exams.model import Status
from services.registration.tables import Row

CLOSED = "closed"
STATUSES = ", ".join(f"'{one}'" for one in Status)
ONE_EXAM_A_DEVICE = "one_exam_a_device"
ONE_PLACE_A_PATIENT = "one_place_a_patient"

RANGE_OF_IDS: ExecutableDDLElement = DDL("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")  # type: ignore[no-untyped-call]
event.listen(Row.metadata, "before_create", RANGE_OF_IDS)


class ExamOrderRow(Row, table=True):
    """An order in its latest version; its exams are rows of their own."""

    __tablename__ = "exam_order"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", name="exam_order_status"),
        CheckConstraint("(status = 'held') = (held_until IS NOT NULL)", name="exam_order_hold_ends"),
        CheckConstraint("(status IN ('unplanned', 'cancelled')) = (reason IS NOT NULL)", name="exam_order_reason"),
        Index("ix_exam_order_patient_id", "patient_id"),
        Index("ix_exam_order_booked", "patient_id", postgresql_where=text("status = 'booked'")),
        Index("ix_exam_order_held_until", "held_until", postgresql_where=text("status = 'held'")),
        Index("ix_exam_order_unplanned", "order_id", postgresql_where=text("status = 'unplanned'")),
    )

    order_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    item_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    reused_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    conditions: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    campus_ids: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    windows: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    not_before: datetime | None = Field(sa_type=DateTime(timezone=True))
    latest_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    before_admission: bool
    status: str
    reason: str | None
    held_until: datetime | None = Field(sa_type=DateTime(timezone=True))
    visits: int | None
    stay_minutes: int | None
    visits_one_by_one: int | None
    proven: bool | None
    ordered_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int


class ExamUseRow(Row, table=True):
    """A device in use by an exam of an order, or closed."""

    __tablename__ = "exam_use"
    __table_args__ = (
        ExcludeConstraint(
            (text("int8range(device_no, device_no, '[]')"), "&&"), ("during", "&&"), name=ONE_EXAM_A_DEVICE
        ),
        ExcludeConstraint(
            (text("uuidrange(patient_id, patient_id, '[]')"), "&&"),
            ("during", "&&"),
            where=text("patient_id IS NOT NULL"),
            name=ONE_PLACE_A_PATIENT,
        ),
        CheckConstraint("status IN ('held', 'booked', 'done', 'closed')", name="exam_use_status"),
        CheckConstraint("(status = 'closed') = (order_id IS NULL)", name="exam_use_closed"),
        CheckConstraint("(order_id IS NULL) = (patient_id IS NULL)", name="exam_use_patient"),
        UniqueConstraint("order_id", "item_code", name="one_place_an_exam"),
        Index("ix_exam_use_device_id", "device_id"),
    )

    use_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True, nullable=False)
    )
    order_id: UUID | None = Field(foreign_key="exam_order.order_id")
    patient_id: UUID | None
    item_code: str | None
    device_id: str = Field(foreign_key="exam_device.device_id")
    device_no: int = Field(sa_type=BigInteger)
    campus_id: str
    reading_campus_id: str
    during: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))
    status: str
