"""Where partners, their quotas and referrals are kept, and the only SQL about them.

Invariant: a partner never takes more of the kept places in a week than its quota; a placed referral names its
appointment, a waiting or closed one its reason.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Index, text, tuple_, update
from sqlmodel import Field, col, select

from services.registration.quota.model import (
    CloseReason,
    Partner,
    Referral,
    State,
    Urgency,
    WaitReason,
    Wanted,
)
from services.registration.tables import Row, words
from shared.work import Missing, Stale, Work

TAKE_QUOTA = """
INSERT INTO partner_week (partner_id, week_on, quota, taken)
SELECT partner_id, $2, places_a_week, 1 FROM partner WHERE partner_id = $1 AND places_a_week > 0
ON CONFLICT (partner_id, week_on) DO UPDATE SET taken = partner_week.taken + 1, quota = excluded.quota
    WHERE partner_week.taken < excluded.quota
RETURNING taken
"""
GIVE_BACK_QUOTA = "UPDATE partner_week SET taken = taken - 1 WHERE partner_id = $1 AND week_on = $2"
WRITE_PARTNER = """
INSERT INTO partner (partner_id, name_zh, name_en, places_a_week, active) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (partner_id) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    places_a_week = excluded.places_a_week, active = excluded.active
"""


class PartnerRow(Row, table=True):
    """A hospital that refers patients."""

    __tablename__ = "partner"
    __table_args__ = (CheckConstraint("places_a_week >= 0", name="partner_quota"),)

    partner_id: str = Field(primary_key=True)
    name_zh: str
    name_en: str | None
    places_a_week: int
    active: bool


class PartnerWeekRow(Row, table=True):
    """What a partner has taken of its quota in a week; `week_on` is a Monday."""

    __tablename__ = "partner_week"
    __table_args__ = (
        CheckConstraint("taken BETWEEN 0 AND quota", name="partner_never_over_quota"),
        CheckConstraint("extract(isodow FROM week_on) = 1", name="partner_week_begins_on_monday"),
    )

    partner_id: str = Field(primary_key=True, foreign_key="partner.partner_id")
    week_on: date = Field(primary_key=True)
    quota: int
    taken: int


class ReferralRow(Row, table=True):
    """A referral in its latest version."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(f"state IN ({words(State)})", name="referral_state"),
        CheckConstraint(f"urgency IN ({words(Urgency)})", name="referral_urgency"),
        CheckConstraint(f"wait_reason IN ({words(WaitReason)})", name="referral_wait_reason"),
        CheckConstraint(f"close_reason IN ({words(CloseReason)})", name="referral_close_reason"),
        CheckConstraint("(state = 'waiting') = (wait_reason IS NOT NULL)", name="referral_waits_why"),
        CheckConstraint("(state = 'closed') = (close_reason IS NOT NULL)", name="referral_closed_why"),
        CheckConstraint("state <> 'placed' OR appointment_id IS NOT NULL", name="referral_placed_where"),
        Index("ix_referral_waiting", "due_at", "referral_id", postgresql_where=text("state = 'waiting'")),
        Index("ix_referral_patient_id", "patient_id"),
        Index(
            "one_referral_an_appointment",
            "appointment_id",
            unique=True,
            postgresql_where=text("state = 'placed'"),
        ),
    )

    referral_id: UUID = Field(primary_key=True)
    partner_id: str = Field(foreign_key="partner.partner_id")
    patient_id: UUID = Field(foreign_key="patient.patient_id")
    specialty: str
    campus_id: str | None
    urgency: str
    policy_version: str
    state: str
    wait_reason: str | None
    close_reason: str | None
    appointment_id: UUID | None
    week_on: date | None
    referred_at: datetime = Field(sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int


async def partner(work: Work, partner_id: str) -> Partner:
    """One partner, or `Missing`."""
    row = await work.session.get(PartnerRow, partner_id)
    if row is None:
        raise Missing("partner", partner_id)
    return Partner(**row.model_dump())


async def partners(work: Work) -> list[Partner]:
    """All partners by id."""
    query = select(PartnerRow).order_by(col(PartnerRow.partner_id))
    return [Partner(**row.model_dump()) for row in await work.session.exec(query)]


async def keep_partner(work: Work, one: Partner) -> None:
    """Write a partner as it is from now on."""
    await (await work.sql()).execute(WRITE_PARTNER, *asdict(one).values())


async def take_quota(work: Work, partner_id: str, week_on: date) -> bool:
    """Take one of a partner's places of a week. False when the quota is used."""
    return await (await work.sql()).fetchval(TAKE_QUOTA, partner_id, week_on) is not None


async def give_back_quota(work: Work, partner_id: str, week_on: date) -> None:
    """Give one of a partner's places of a week back."""
    await (await work.sql()).execute(GIVE_BACK_QUOTA, partner_id, week_on)


async def add(work: Work, new: Referral) -> bool:
    """Write a new referral. False when its id is known."""
    return await work.insert(ReferralRow(**asdict(new))) is None


async def save(work: Work, changed: Referral) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    mine = col(ReferralRow.referral_id) == changed.referral_id
    previous = mine & (col(ReferralRow.version) == changed.version - 1)
    result = await work.session.exec(update(ReferralRow).where(previous).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("referral", changed.referral_id)


async def referral(work: Work, referral_id: UUID) -> Referral:
    """One referral for a change, or `Missing`."""
    found = await _read(work, col(ReferralRow.referral_id) == referral_id)
    if not found:
        raise Missing("referral", referral_id)
    return found[0]


async def placed_in(work: Work, appointment_id: UUID) -> Referral | None:
    """The referral that has this appointment, for a change."""
    placed = (col(ReferralRow.appointment_id) == appointment_id) & (col(ReferralRow.state) == State.PLACED)
    found = await _read(work, placed)
    return found[0] if found else None


async def anybody_waits(work: Work) -> bool:
    """Whether there is a waiting referral at all."""
    query = select(ReferralRow.referral_id).where(col(ReferralRow.state) == State.WAITING).limit(1)
    return (await work.session.exec(query)).first() is not None


async def waiting_for(work: Work, specialty: str, campus_id: str) -> Sequence[Referral]:
    """Who waits for a place there and was promised one that is still ahead, the nearest promise first."""
    wanted = (col(ReferralRow.specialty) == specialty) & (col(ReferralRow.state) == State.WAITING)
    there = col(ReferralRow.campus_id).is_(None) | (col(ReferralRow.campus_id) == campus_id)
    return await _read(work, wanted & there & (col(ReferralRow.due_at) > work.now))


async def referrals(work: Work, wanted: Wanted) -> list[Referral]:
    """A page of referrals, the nearest promise first."""
    order = col(ReferralRow.due_at), col(ReferralRow.referral_id)
    query = select(ReferralRow).order_by(*order).limit(wanted.limit)
    for column in ("state", "partner_id", "specialty"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(ReferralRow, column) == value)
    if wanted.after is not None:
        last = select(ReferralRow.due_at, ReferralRow.referral_id).where(col(ReferralRow.referral_id) == wanted.after)
        query = query.where(tuple_(*order) > last.scalar_subquery())
    return [_referral(row) for row in await work.session.exec(query)]


async def _read(work: Work, condition: ColumnElement[bool]) -> list[Referral]:
    query = select(ReferralRow).where(condition).order_by(col(ReferralRow.due_at), col(ReferralRow.referral_id))
    fresh = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return [_referral(row) for row in await work.session.exec(fresh)]


def _referral(row: ReferralRow) -> Referral:
    return Referral(
        **{
            **row.model_dump(),
            "urgency": Urgency(row.urgency),
            "state": State(row.state),
            "wait_reason": WaitReason(row.wait_reason) if row.wait_reason else None,
            "close_reason": CloseReason(row.close_reason) if row.close_reason else None,
        }
    )
