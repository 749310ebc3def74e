"""Where the waitlist is kept, and the SQL about it.

Invariant: a patient waits once for the same thing, and a place that was offered belongs to one entry. An entry is
locked after the appointment and the slot that it is changed for.
It reads `appointment`, `session` and `slot`, tables of others: whom a place suits is one statement on its index.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, func, text, update
from sqlmodel import Field, col, select

from services.registration.booking.model import TAKES_A_PLACE, Channel
from services.registration.schedules.model import Slot, SlotKey
from services.registration.tables import Row, words
from services.registration.waitlist.model import OPEN, Entry, LeaveReason, Reason, Status, Urgency
from shared.work import Missing, Stale, Work

IS_OPEN: Final = f"status IN ({words(OPEN)})"
IS_WAITING: Final = f"status = '{Status.WAITING}'"
CONFLICTS: Final = {
    "waitlist_entry_pkey": Reason.ENTRY_EXISTS,
    "one_entry_a_session": Reason.ALREADY_WAITING,
    "one_entry_a_clinic_and_days": Reason.ALREADY_WAITING,
}
FREED: Final = """
SELECT slot.*, session.session_on FROM slot JOIN session USING (session_id)
WHERE slot.session_id = $1 AND slot.starts_at = $2 AND access = 'public' AND closed_at IS NULL
FOR NO KEY UPDATE OF slot
"""
RANK: Final = "urgency, joined_at, entry_id"
CANDIDATE: Final = f"""
SELECT {RANK} FROM waitlist_entry
LEFT JOIN LATERAL
    (SELECT true AS found FROM appointment
     WHERE appointment.session_id = $1 AND appointment.patient_id = waitlist_entry.patient_id
         AND appointment.status IN ({words(TAKES_A_PLACE)}) LIMIT 1) AS placed ON true
WHERE waitlist_entry.{IS_WAITING} AND placed.found IS NULL AND waitlist_entry.patient_id <> ALL ($4::uuid[])
"""  # noqa: S608 - put together from this module's own words
BEST: Final = f"""
SELECT entry_id FROM (
    ({CANDIDATE} AND waitlist_entry.session_id = $1 ORDER BY {RANK} LIMIT 1)
    UNION ALL
    ({CANDIDATE} AND clinic_id = $2 AND waitlist_entry.session_id IS NULL AND $3::date BETWEEN earliest_on AND latest_on
     ORDER BY {RANK} LIMIT 1)
) AS best ORDER BY {RANK} LIMIT 1
"""  # noqa: S608
AHEAD: Final = f"""
SELECT count(*) FROM waitlist_entry
WHERE clinic_id = $1 AND {IS_WAITING} AND (session_id = $2 OR session_id IS NULL OR $2::uuid IS NULL)
    AND latest_on >= $3 AND earliest_on <= $4 AND (urgency, joined_at, entry_id) < ($5, $6, $7)
"""  # noqa: S608
COUNT: Final = f"""
SELECT count(*) AS joined,
    count(*) FILTER (WHERE {IS_WAITING}) AS waiting,
    count(*) FILTER (WHERE appointment_id IS NOT NULL AND NOT auto_accept) AS offered,
    count(*) FILTER (WHERE status = '{Status.ACCEPTED}') AS filled
FROM waitlist_entry
"""  # noqa: S608


class WaitlistEntryRow(Row, table=True):
    """An entry of the waitlist in its latest version."""

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint(f"status IN ({words(Status)})", name="waitlist_entry_status"),
        CheckConstraint(f"channel IN ({words(Channel)})", name="waitlist_entry_channel"),
        CheckConstraint(f"leave_reason IN ({words(LeaveReason)})", name="waitlist_entry_leave_reason"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="waitlist_entry_urgency"),
        CheckConstraint("earliest_on <= latest_on", name="waitlist_entry_days"),
        CheckConstraint("(status = 'offered') = (offered_until IS NOT NULL)", name="waitlist_entry_offer_ends"),
        CheckConstraint("(status = 'left') = (leave_reason IS NOT NULL)", name="waitlist_entry_left_why"),
        CheckConstraint(
            "(status NOT IN ('offered', 'accepted', 'declined', 'expired') OR appointment_id IS NOT NULL)"
            " AND (status NOT IN ('waiting', 'lapsed') OR appointment_id IS NULL)",
            name="waitlist_entry_place",
        ),
        Index("one_entry_an_appointment", "appointment_id", unique=True),
        Index(
            "one_entry_a_session",
            "session_id",
            "patient_id",
            unique=True,
            postgresql_where=text(f"session_id IS NOT NULL AND {IS_OPEN}"),
        ),
        Index(
            "one_entry_a_clinic_and_days",
            "clinic_id",
            "patient_id",
            "earliest_on",
            "latest_on",
            unique=True,
            postgresql_where=text(f"session_id IS NULL AND {IS_OPEN}"),
        ),
        Index(
            "ix_waitlist_entry_session_rank",
            "session_id",
            "urgency",
            "joined_at",
            "entry_id",
            postgresql_where=text(IS_WAITING),
        ),
        Index(
            "ix_waitlist_entry_clinic_rank",
            "clinic_id",
            "urgency",
            "joined_at",
            "entry_id",
            postgresql_where=text(f"session_id IS NULL AND {IS_WAITING}"),
        ),
        Index("ix_waitlist_entry_clinic_id", "clinic_id", postgresql_where=text(IS_OPEN)),
        Index("ix_waitlist_entry_patient_id", "patient_id"),
        Index("ix_waitlist_entry_lapses_at", "lapses_at", postgresql_where=text(IS_WAITING)),
    )

    entry_id: UUID = Field(primary_key=True)
    patient_id: UUID
    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    visit_type: str
    channel: str
    urgency: int
    auto_accept: bool
    replaces_appointment_id: UUID | None
    status: str
    joined_at: datetime = Field(sa_type=DateTime(timezone=True))
    lapses_at: datetime = Field(sa_type=DateTime(timezone=True))
    appointment_id: UUID | None
    offered_until: datetime | None = Field(sa_type=DateTime(timezone=True))
    leave_reason: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """A slot in which there may be a place, and its session's day."""

    slot: Slot
    session_on: date


async def freed(work: Work, key: SlotKey) -> Freed | None:
    """The slot, kept from others; None where its places are not for the public, or its session is closed."""
    row = await (await work.sql()).fetchrow(FREED, key.session_id, key.starts_at)
    if row is None:
        return None
    return Freed(slot=Slot(**{name: row[name] for name in Slot.__slots__}), session_on=row["session_on"])


async def best(work: Work, place: Freed, but_not: Iterable[UUID]) -> Entry | None:
    """The best entry whom the place suits, locked; `but_not` are patients to pass over. None when nobody waits for it.

    Whoever is quicker in between has taken that entry: then it is the next one.
    """
    slot, passed_over = place.slot, list(but_not)
    connection = await work.sql()
    while found := await connection.fetchval(BEST, slot.session_id, slot.clinic_id, place.session_on, passed_over):
        if entry := await _locked(work, found, Status.WAITING):
            return entry
    return None


async def entry(work: Work, entry_id: UUID) -> Entry:
    """The latest version of an entry, or `Missing`."""
    query = select(WaitlistEntryRow).where(col(WaitlistEntryRow.entry_id) == entry_id)
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise Missing("waitlist-entry", entry_id)
    return _entry(row)


async def waiting(work: Work, entry_id: UUID) -> Entry | None:
    """The entry for a change, if it waits."""
    return await _locked(work, entry_id, Status.WAITING)


async def offered(work: Work, appointment_id: UUID) -> Entry | None:
    """The entry to which that hold is offered, for a change."""
    mine = col(WaitlistEntryRow.appointment_id) == appointment_id
    query = select(WaitlistEntryRow).where(mine, col(WaitlistEntryRow.status) == Status.OFFERED).with_for_update()
    row = (await work.session.exec(query.execution_options(populate_existing=True))).one_or_none()
    return _entry(row) if row else None


async def waiting_of(work: Work, patient_id: UUID) -> list[Entry]:
    """What the patient waits for, for a change."""
    mine = (col(WaitlistEntryRow.patient_id) == patient_id) & (col(WaitlistEntryRow.status) == Status.WAITING)
    query = select(WaitlistEntryRow).where(mine).order_by(col(WaitlistEntryRow.entry_id)).with_for_update()
    return [_entry(row) for row in await work.session.exec(query.execution_options(populate_existing=True))]


async def unasked(work: Work, limit: int) -> list[UUID]:
    """Entries with an offer that stands, who wished to have it unasked."""
    offer = (col(WaitlistEntryRow.status) == Status.OFFERED) & (col(WaitlistEntryRow.offered_until) > work.now)
    query = select(WaitlistEntryRow.entry_id).where(offer, col(WaitlistEntryRow.auto_accept))
    return list(await work.session.exec(query.order_by(col(WaitlistEntryRow.joined_at)).limit(limit)))


async def overdue(work: Work, limit: int) -> list[Entry]:
    """Entries for which nothing can be offered any more; those that somebody else has in hand are left to them."""
    over = (col(WaitlistEntryRow.status) == Status.WAITING) & (col(WaitlistEntryRow.lapses_at) <= work.now)
    query = select(WaitlistEntryRow).where(over).order_by(col(WaitlistEntryRow.lapses_at)).limit(limit)
    return [_entry(row) for row in await work.session.exec(query.with_for_update(skip_locked=True))]


async def next_lapse_at(work: Work) -> datetime | None:
    """When the next entry lapses; None when nobody waits."""
    query = select(func.min(WaitlistEntryRow.lapses_at)).where(col(WaitlistEntryRow.status) == Status.WAITING)
    return (await work.session.exec(query)).one()


async def add(work: Work, new: Entry) -> Reason | None:
    """Write a new entry. Returns why it cannot be, or None."""
    constraint = await work.insert(WaitlistEntryRow(**asdict(new)))
    return None if constraint is None else CONFLICTS[constraint]


async def save(work: Work, changed: Entry) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    mine = col(WaitlistEntryRow.entry_id) == changed.entry_id
    previous = mine & (col(WaitlistEntryRow.version) == changed.version - 1)
    result = await work.session.exec(update(WaitlistEntryRow).where(previous).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("waitlist-entry", changed.entry_id)


async def entries(work: Work, *, session_id: UUID | None, clinic_id: str, offset: int, limit: int) -> list[Entry]:
    """Who waits or has an offer, best first: for the session, or for anything in the clinic."""
    query = select(WaitlistEntryRow).where(
        col(WaitlistEntryRow.clinic_id) == clinic_id, col(WaitlistEntryRow.status).in_(OPEN)
    )
    if session_id is not None:
        query = query.where(col(WaitlistEntryRow.session_id) == session_id)
    ranked = query.order_by(
        col(WaitlistEntryRow.urgency), col(WaitlistEntryRow.joined_at), col(WaitlistEntryRow.entry_id)
    )
    return [_entry(row) for row in await work.session.exec(ranked.offset(offset).limit(limit))]


async def ahead(work: Work, one: Entry) -> int:
    """How many wait before this one for something that it waits for too."""
    rank = int(one.urgency), one.joined_at, one.entry_id
    goal = one.clinic_id, one.session_id, one.earliest_on, one.latest_on
    number: int = await (await work.sql()).fetchval(AHEAD, *goal, *rank)
    return number


async def counts(work: Work) -> dict[str, Any]:
    """How many ever joined, wait now, had an offer, and got a place."""
    return dict(await (await work.sql()).fetchrow(COUNT))


async def _locked(work: Work, entry_id: UUID, status: Status) -> Entry | None:
    mine = (col(WaitlistEntryRow.entry_id) == entry_id) & (col(WaitlistEntryRow.status) == status)
    query = select(WaitlistEntryRow).where(mine).with_for_update().execution_options(populate_existing=True)
    row = (await work.session.exec(query)).one_or_none()
    return _entry(row) if row else None


def _entry(row: WaitlistEntryRow) -> Entry:
    return Entry(
        **{
            **row.model_dump(),
            "status": Status(row.status),
            "channel": Channel(row.channel),
            "urgency": Urgency(row.urgency),
            "leave_reason": LeaveReason(row.leave_reason) if row.leave_reason else None,
        }
    )
