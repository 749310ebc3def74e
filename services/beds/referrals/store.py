"""Where partners and referrals are kept, and the only SQL about them.

Invariant: a partner's reference is one referral, and a referral is answered once: whoever is second finds it changed.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, String, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlmodel import Field, col, select

from services.beds.referrals.model import Direction, Kind, Need, Partner, Phase, Referral, RefusalReason
from services.beds.scoring.model import Isolation
from services.beds.tables import Row
from shared.work import Missing, Stale, Work

PHASES = ", ".join(f"'{phase}'" for phase in Phase)
WRITE_PARTNERS = """
INSERT INTO partner (partner_id, name, kind, specialties, active)
SELECT partner_id, name, kind, string_to_array(specialties, ';'), active
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
    AS given (partner_id, name, kind, specialties, active)
ON CONFLICT (partner_id) DO UPDATE SET (name, kind, specialties, active)
    = (excluded.name, excluded.kind, excluded.specialties, excluded.active)
RETURNING xmax = 0 AS added
"""


class PartnerRow(Row, table=True):
    """A hospital of the network."""

    __tablename__ = "partner"
    __table_args__ = (CheckConstraint("kind IN ('hospital', 'community')", name="partner_kind"),)

    partner_id: str = Field(primary_key=True)
    name: str
    kind: str
    specialties: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    active: bool


class ReferralRow(Row, table=True):
    """A referral in its latest version; one that is answered is kept."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="referral_direction"),
        CheckConstraint(f"phase IN ({PHASES})", name="referral_phase"),
        CheckConstraint("(direction = 'out') = (stay_id IS NOT NULL)", name="referral_out_of_a_stay"),
        CheckConstraint("(direction = 'in') = (campus_id IS NOT NULL)", name="referral_in_to_a_campus"),
        CheckConstraint("(phase = 'sent') = (answered_at IS NULL)", name="referral_answered_at"),
        CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="referral_answered_by"),
        CheckConstraint("(phase = 'accepted') = (bed_on IS NOT NULL)", name="referral_accepted_with_a_day"),
        CheckConstraint("(phase = 'refused') = (reason IS NOT NULL)", name="referral_refused_with_a_reason"),
        CheckConstraint("alternative_partner_id IS NULL OR phase = 'refused'", name="referral_alternative"),
        Index(
            "one_referral_a_reference",
            "partner_id",
            "reference",
            unique=True,
            postgresql_where=text("direction = 'in'"),
        ),
        Index("ix_referral_due_at", "due_at", postgresql_where=text("phase = 'sent'")),
        Index("ix_referral_patient_id", "patient_id"),
    )

    referral_id: UUID = Field(primary_key=True)
    direction: str
    patient_id: UUID
    stay_id: UUID | None = Field(foreign_key="stay.stay_id")
    partner_id: str = Field(foreign_key="partner.partner_id")
    reference: str
    campus_id: str | None
    need: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    codes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    wanted_on: date | None
    phase: str
    sent_at: datetime = Field(sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    answered_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    answered_by: str | None
    bed_on: date | None
    reason: str | None
    alternative_partner_id: str | None = Field(foreign_key="partner.partner_id")
    version: int


async def write_partners(work: Work, partners: Sequence[Partner]) -> int:
    """Write partners, in one statement. Returns how many of them are new."""
    columns: list[list[Any]] = [
        [one.partner_id for one in partners],
        [one.name for one in partners],
        [one.kind.value for one in partners],
        [";".join(one.specialties) for one in partners],
        [one.active for one in partners],
    ]
    return sum(row["added"] for row in await (await work.sql()).fetch(WRITE_PARTNERS, *columns))


async def partner(work: Work, partner_id: str) -> Partner:
    """The partner, or `Missing`."""
    row = await work.session.get(PartnerRow, partner_id)
    if row is None:
        raise Missing("partner", partner_id)
    return _partner(row)


async def partners(work: Work) -> list[Partner]:
    """All partners in order of id."""
    return [_partner(row) for row in await work.session.exec(select(PartnerRow).order_by(col(PartnerRow.partner_id)))]


async def add(work: Work, new: Referral) -> bool:
    """Write a new referral. False when its id, or the partner's reference, is known."""
    written = await work.session.exec(insert(ReferralRow).values(**_values(new)).on_conflict_do_nothing())
    return written.rowcount == 1


async def referral(work: Work, referral_id: UUID, *, lock: bool = False) -> Referral:
    """The referral, locked if wished, or `Missing`."""
    query = select(ReferralRow).where(col(ReferralRow.referral_id) == referral_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.exec(query)).one_or_none()
    if row is None:
        raise Missing("referral", referral_id)
    return _referral(row)


async def referrals(
    work: Work, direction: Direction | None, phase: Phase | None, partner_id: str | None, limit: int
) -> list[Referral]:
    """Referrals, or those of a direction, phase or partner, the first due first."""
    query = select(ReferralRow).order_by(col(ReferralRow.due_at), col(ReferralRow.referral_id)).limit(limit)
    if direction is not None:
        query = query.where(col(ReferralRow.direction) == direction)
    if phase is not None:
        query = query.where(col(ReferralRow.phase) == phase)
    if partner_id is not None:
        query = query.where(col(ReferralRow.partner_id) == partner_id)
    return [_referral(row) for row in await work.session.exec(query)]


async def open_of_patient(work: Work, patient_id: UUID) -> list[Referral]:
    """The referrals of a patient that wait for an answer, locked in order of id."""
    query = select(ReferralRow).where(col(ReferralRow.patient_id) == patient_id, col(ReferralRow.phase) == Phase.SENT)
    rows = await work.session.exec(query.order_by(col(ReferralRow.referral_id)).with_for_update())
    return [_referral(row) for row in rows]


async def save(work: Work, changed: Referral) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    previous = (col(ReferralRow.referral_id) == changed.referral_id) & (col(ReferralRow.version) == changed.version - 1)
    result = await work.session.exec(update(ReferralRow).where(previous).values(**_values(changed)))
    if result.rowcount != 1:
        raise Stale("referral", changed.referral_id)


def _values(referral: Referral) -> dict[str, Any]:
    return asdict(referral) | {"codes": list(referral.codes)}


def _partner(row: PartnerRow) -> Partner:
    return Partner(**{**row.model_dump(), "kind": Kind(row.kind), "specialties": tuple(row.specialties)})


def _referral(row: ReferralRow) -> Referral:
    lists = {name: tuple(row.need[name]) for name in ("needs", "materials")}
    own = {
        "direction": Direction(row.direction),
        "phase": Phase(row.phase),
        "reason": RefusalReason(row.reason) if row.reason else None,
        "codes": tuple(row.codes),
        "need": Need(**{**row.need, **lists, "isolation": Isolation(row.need["isolation"])}),
    }
    return Referral(**{**row.model_dump(), **own})
