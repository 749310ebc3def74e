"""Where materials are kept, and the only SQL about them.

Bytes that are not scanned yet lie in rows of the database: a part and how far the upload is commit together, and no
reader looks there. What was read is kept for ever (`append_only`).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, func, text, tuple_, update
from sqlmodel import Field, col, delete, select

from services.registration.materials.model import (
    LARGEST_BYTES,
    PART_BYTES,
    Kind,
    Material,
    Part,
    Reason,
    RejectReason,
    State,
)
from services.registration.materials.reading import TREATED_FOR, Clinician, Outcome, Purpose
from services.registration.tables import Row, words
from shared.ids import new_id
from shared.work import Missing, Work

OF_APPLICATION = "fk_material_application_id"
WAITS_FOR_SCAN = "scan_due_at IS NOT NULL"
UPLOADING = "state = 'uploading'"
TO_REVIEW = "purpose = 'break-glass' OR outcome = 'refused'"
OLDEST_QUARANTINED = """
SELECT min(material.last_part_at) FROM material_part AS part JOIN material USING (material_id)
WHERE part.offset_bytes = 0 AND material.state = 'quarantined'
"""
KEEP_SECRET = "INSERT INTO material_secret (one, secret) VALUES (true, $1) ON CONFLICT DO NOTHING"  # noqa: S105

ASK = """
INSERT INTO material_read (read_id, material_id, subject, read_at, purpose, outcome)
SELECT $1, material_id, $3::text, $4, 'treatment', CASE WHEN EXISTS (
    SELECT FROM appointment
    LEFT JOIN session USING (session_id)
    LEFT JOIN engagement ON engagement.sitting_id = session.sitting_id AND resource = 'clinician' AND resource_id = $5
    WHERE appointment.patient_id = material.patient_id
        AND status IN ('booked', 'displaced', 'arrived', 'completed') AND slot_starts_at > $7
        AND (appointment.clinic_id = ANY($6) OR resource_id IS NOT NULL)
) OR EXISTS (
    SELECT FROM application
    WHERE application.application_id = material.application_id
        AND (clinic_id = ANY($6) AND state NOT IN ('declined', 'withdrawn') OR decided_by = $3::text)
) THEN 'linked' ELSE 'refused' END
FROM material WHERE material_id = $2
RETURNING outcome
"""
"""Whether somebody treats the patient, and the trail's row of it: one statement decides and writes down."""


class MaterialRow(Row, table=True):
    """A material, in its latest state."""

    __tablename__ = "material"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="material_state"),
        CheckConstraint(f"kind IN ({words(Kind)})", name="material_kind"),
        CheckConstraint(f"reject_reason IN ({words(RejectReason)})", name="material_reject_reason"),
        CheckConstraint("(state = 'rejected') = (reject_reason IS NOT NULL)", name="material_rejected"),
        CheckConstraint("num_nonnulls(appointment_id, application_id) = 1", name="material_of_one"),
        CheckConstraint(f"size_bytes BETWEEN 1 AND {LARGEST_BYTES}", name="material_size"),
        CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name="material_received"),
        CheckConstraint(
            "state NOT IN ('quarantined', 'available')"
            " OR (received_bytes = size_bytes AND sha256 IS NOT NULL AND media_type IS NOT NULL)",
            name="material_whole",
        ),
        CheckConstraint("scan_due_at IS NULL OR state = 'quarantined'", name="material_scan_due"),
        ForeignKeyConstraint(["appointment_id"], ["appointment.appointment_id"], name="fk_material_appointment_id"),
        ForeignKeyConstraint(
            ["application_id", "patient_id"],
            ["application.application_id", "application.patient_id"],
            name=OF_APPLICATION,
        ),
        Index("ix_material_appointment_id", "appointment_id"),
        Index("ix_material_application_id", "application_id"),
        Index("ix_material_scan_due", "scan_due_at", postgresql_where=text(WAITS_FOR_SCAN)),
        Index("ix_material_uploading", "last_part_at", postgresql_where=text(UPLOADING)),
    )

    material_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    appointment_id: UUID | None
    application_id: UUID | None
    kind: str
    size_bytes: int
    sha256: str | None
    received_bytes: int
    media_type: str | None
    state: str
    reject_reason: str | None
    scans: int
    scan_due_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    begun_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_part_at: datetime = Field(sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class PartRow(Row, table=True):
    """Bytes that came in one request, until they are in the store or not wanted."""

    __tablename__ = "material_part"
    __table_args__ = (CheckConstraint(f"octet_length(content) BETWEEN 1 AND {PART_BYTES}", name="material_part_size"),)

    material_id: UUID = Field(primary_key=True, foreign_key="material.material_id")
    offset_bytes: int = Field(primary_key=True)
    content: bytes


class ReadRow(Row, table=True):
    """Somebody has asked for a material's bytes: the audit trail."""

    __tablename__ = "material_read"
    __table_args__ = (
        CheckConstraint(f"purpose IN ({words(Purpose)})", name="material_read_purpose"),
        CheckConstraint(f"outcome IN ({words(Outcome)})", name="material_read_outcome"),
        CheckConstraint(
            "(purpose = 'break-glass' AND outcome = 'linked') = (reason IS NOT NULL)", name="material_read_reason"
        ),
        Index("ix_material_read_material_id", "material_id"),
        Index("ix_material_read_to_review", "read_at", postgresql_where=text(TO_REVIEW)),
    )

    read_id: UUID = Field(primary_key=True)
    material_id: UUID = Field(foreign_key="material.material_id")
    subject: str
    read_at: datetime = Field(sa_type=DateTime(timezone=True))
    purpose: str = Field(sa_column_kwargs={"server_default": Purpose.TREATMENT.value})
    outcome: str = Field(sa_column_kwargs={"server_default": Outcome.READ.value})
    reason: str | None


class SecretRow(Row, table=True):
    """What links are signed with: made by the first process that needs it, the same for all."""

    __tablename__ = "material_secret"
    __table_args__ = (CheckConstraint("one", name="material_secret_one"),)

    one: bool = Field(primary_key=True)
    secret: bytes


async def add(work: Work, new: Material) -> Reason | None:
    """Write a material. Returns why it cannot be, or None; `Missing` without the application."""
    refusal = await work.insert(MaterialRow(**asdict(new)))
    if refusal == OF_APPLICATION:
        raise Missing("application", new.application_id)
    return Reason.MATERIAL_EXISTS if refusal else None


async def material(work: Work, material_id: UUID, *, for_change: bool = False) -> Material:
    """One material, with `for_change` kept from others until this work is done, or `Missing`."""
    query = select(MaterialRow).where(col(MaterialRow.material_id) == material_id)
    row = (await work.session.exec(query.with_for_update() if for_change else query)).one_or_none()
    if row is None:
        raise Missing("material", material_id)
    return _material(row)


async def save(work: Work, changed: Material) -> None:
    """Write its next state."""
    mine = col(MaterialRow.material_id) == changed.material_id
    await work.session.exec(update(MaterialRow).where(mine).values(**asdict(changed)))


async def add_part(work: Work, part: Part) -> None:
    """Write a part."""
    work.session.add(PartRow(material_id=part.material_id, offset_bytes=part.offset, content=part.content))


async def part_at(work: Work, material_id: UUID, offset: int) -> bytes | None:
    """The part that begins there, or None."""
    mine = (col(PartRow.material_id) == material_id) & (col(PartRow.offset_bytes) == offset)
    return (await work.session.exec(select(PartRow.content).where(mine))).one_or_none()


async def drop_parts(work: Work, material_id: UUID) -> None:
    """Let go of the bytes."""
    await work.session.exec(delete(PartRow).where(col(PartRow.material_id) == material_id))


async def materials(work: Work, of: Sequence[UUID]) -> list[Material]:
    """What belongs to any of these appointments or applications, in the order of coming."""
    mine = col(MaterialRow.appointment_id).in_(of) | col(MaterialRow.application_id).in_(of)
    query = select(MaterialRow).where(mine).order_by(col(MaterialRow.begun_at), col(MaterialRow.material_id))
    return [_material(row) for row in await work.session.exec(query)]


async def quarantined(work: Work, limit: int) -> list[Material]:
    """What waits for its scan, the oldest first."""
    query = select(MaterialRow).where(col(MaterialRow.state) == State.QUARANTINED)
    query = query.order_by(col(MaterialRow.last_part_at), col(MaterialRow.material_id)).limit(limit)
    return [_material(row) for row in await work.session.exec(query)]


async def quarantined_since(work: Work) -> datetime | None:
    """Since when the oldest waits for its scan; found by its bytes, as only what is under way has any here."""
    since: datetime | None = await (await work.sql()).fetchval(OLDEST_QUARANTINED)
    return since


async def rehome(work: Work, old: UUID, new: UUID) -> None:
    """What belongs to one application belongs to another one of the same patient's."""
    mine = col(MaterialRow.application_id) == old
    await work.session.exec(update(MaterialRow).where(mine).values(application_id=new))


async def due_for_scan(work: Work) -> Material | None:
    """The one whose scan is due for the longest time, kept from others; None when there is none."""
    due = col(MaterialRow.scan_due_at) <= work.now
    query = select(MaterialRow).where(due).order_by(col(MaterialRow.scan_due_at)).limit(1)
    row = (await work.session.exec(query.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else _material(row)


async def next_scan_at(work: Work) -> datetime | None:
    """When the next scan is due."""
    return (await work.session.exec(select(func.min(MaterialRow.scan_due_at)))).one()


async def untouched_since(work: Work, instant: datetime, limit: int) -> list[Material]:
    """Uploads of which nothing has come since, for a change."""
    old = (col(MaterialRow.state) == State.UPLOADING) & (col(MaterialRow.last_part_at) <= instant)
    query = select(MaterialRow).where(old).order_by(col(MaterialRow.last_part_at)).limit(limit)
    return [_material(row) for row in await work.session.exec(query.with_for_update(skip_locked=True))]


async def oldest_upload_at(work: Work) -> datetime | None:
    """When the last part came of the upload that waits the longest."""
    query = select(func.min(MaterialRow.last_part_at)).where(col(MaterialRow.state) == State.UPLOADING)
    return (await work.session.exec(query)).one()


async def ask(work: Work, material_id: UUID, clinician: Clinician) -> Outcome:
    """Whether the clinician is of the treating side now; written down before it is answered."""
    since = work.now - TREATED_FOR
    clinics = sorted(clinician.clinics or ())
    values = (new_id(), material_id, clinician.subject, work.now, clinician.practitioner, clinics, since)
    return Outcome(await (await work.sql()).fetchval(ASK, *values))


async def note(
    work: Work, material_id: UUID, subject: str, purpose: Purpose, outcome: Outcome, reason: str | None = None
) -> None:
    """Write down who asked, why, and what came of it."""
    row = ReadRow(
        read_id=new_id(),
        material_id=material_id,
        subject=subject,
        read_at=work.now,
        purpose=purpose,
        outcome=outcome,
        reason=reason,
    )
    work.session.add(row)


async def reads(work: Work, material_id: UUID) -> list[ReadRow]:
    """Who has asked for it, the first first."""
    query = select(ReadRow).where(col(ReadRow.material_id) == material_id)
    return list(await work.session.exec(query.order_by(col(ReadRow.read_at), col(ReadRow.read_id))))


async def to_review(work: Work, limit: int, before: UUID | None) -> list[ReadRow]:
    """Refusals, and what was done behind broken glass, the latest first; with `before` those further back."""
    place = col(ReadRow.read_at), col(ReadRow.read_id)
    query = select(ReadRow).where(text(f"({TO_REVIEW})")).order_by(*(column.desc() for column in place)).limit(limit)
    if before is not None:
        last = select(ReadRow.read_at, ReadRow.read_id).where(col(ReadRow.read_id) == before)
        query = query.where(tuple_(*place) < last.scalar_subquery())
    return list(await work.session.exec(query))


async def secret(work: Work) -> bytes:
    """What links are signed with; made here when there is none yet."""
    await (await work.sql()).execute(KEEP_SECRET, token_bytes(32))
    return (await work.session.exec(select(SecretRow.secret))).one()


def _material(row: MaterialRow) -> Material:
    return Material(
        **{
            **row.model_dump(),
            "kind": Kind(row.kind),
            "state": State(row.state),
            "reject_reason": RejectReason(row.reject_reason) if row.reject_reason else None,
        }
    )
