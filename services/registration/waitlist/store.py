"""The SQL about the waitlist.

Invariant: an entry is locked after the appointment and the slot that it is changed for.
It reads `appointment`, `session` and `slot`, tables of others: whom a place suits is one statement on its index.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, or_, update
from sqlmodel import col, select

from services.registration.booking.model import TAKES_A_PLACE, Channel
from services.registration.schedules.model import Session, Slot, SlotKey
from services.registration.tables import words
from services.registration.waitlist.model import OPEN, Entry, LapseReason, LeaveReason, Reason, Status, Urgency
from services.registration.waitlist.rows import IS_UNASKED, IS_WAITING, WaitlistEntryRow
from shared.work import Missing, Stale, Work

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
ANYBODY: Final = f"""
SELECT EXISTS (SELECT FROM waitlist_entry WHERE {IS_WAITING} AND waitlist_entry.session_id = $1) OR EXISTS (
    SELECT FROM session JOIN waitlist_entry USING (clinic_id)
    WHERE session.session_id = $1 AND {IS_WAITING} AND waitlist_entry.session_id IS NULL
        AND session_on BETWEEN earliest_on AND latest_on
)
"""  # noqa: S608 - put together from this module's own words
DAYS: Final = f"""
SELECT min(earliest_on) AS first, max(latest_on) AS last FROM waitlist_entry
WHERE clinic_id = $1 AND session_id IS NULL AND {IS_WAITING}
"""  # noqa: S608
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
UNASKED: Final = f"""
SELECT entry_id FROM waitlist_entry WHERE {IS_UNASKED} AND offered_until > $1 ORDER BY joined_at LIMIT $2
"""  # noqa: S608
COUNT: Final = f"""
SELECT count(*) AS joined,
    count(*) FILTER (WHERE {IS_WAITING}) AS waiting,
    count(*) FILTER (WHERE appointment_id IS NOT NULL AND NOT auto_accept) AS offered,
    count(*) FILTER (WHERE status = '{Status.ACCEPTED}') AS filled
FROM waitlist_entry
"""  # noqa: S608


BY_RANK: Final = (col(WaitlistEntryRow.urgency), col(WaitlistEntryRow.joined_at), col(WaitlistEntryRow.entry_id))


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


async def anybody_waits(work: Work, session_id: UUID) -> bool:
    """Whether somebody waits for that session, or for its clinic on its day."""
    found: bool = await (await work.sql()).fetchval(ANYBODY, session_id)
    return found


async def days_waited_for(work: Work, clinic_id: str) -> tuple[date, date] | None:
    """The first and the last day for which somebody waits in the clinic, if anybody does.

    Looked up once in a transaction, which has the clinic alone: nobody begins to wait for it meanwhile.
    """
    known: dict[str, tuple[date, date] | None] = work.session.info.setdefault(__name__, {})
    if clinic_id not in known:
        row = await (await work.sql()).fetchrow(DAYS, clinic_id)
        known[clinic_id] = None if row["first"] is None else (row["first"], row["last"])
    return known[clinic_id]


async def waiting_for(work: Work, session_id: UUID) -> list[Entry]:
    """Who waits for that session and nothing else, best first, for a change."""
    mine = (col(WaitlistEntryRow.session_id) == session_id) & (col(WaitlistEntryRow.status) == Status.WAITING)
    query = select(WaitlistEntryRow).where(mine).order_by(*BY_RANK).with_for_update()
    return [_entry(row) for row in await work.session.exec(query.execution_options(populate_existing=True))]


async def lapse_at(work: Work, session_id: UUID, at: datetime) -> None:
    """From that instant on no place of the session can be offered."""
    mine = (col(WaitlistEntryRow.session_id) == session_id) & col(WaitlistEntryRow.status).in_(OPEN)
    await work.session.exec(update(WaitlistEntryRow).where(mine).values(lapses_at=at))


async def unasked(work: Work, limit: int) -> list[UUID]:
    """Entries with an offer that stands, who wished to have it unasked."""
    return [row["entry_id"] for row in await (await work.sql()).fetch(UNASKED, work.now, limit)]


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


async def entries(
    work: Work, clinic_id: str, offset: int, limit: int, *, session: Session | None = None
) -> list[Entry]:
    """Who waits or has an offer, best first: for anything in the clinic, or for a place of that session of it."""
    mine = [col(WaitlistEntryRow.clinic_id) == clinic_id, col(WaitlistEntryRow.status).in_(OPEN)]
    if session is not None:
        its_day = and_(
            col(WaitlistEntryRow.session_id).is_(None),
            col(WaitlistEntryRow.earliest_on) <= session.session_on,
            col(WaitlistEntryRow.latest_on) >= session.session_on,
        )
        mine.append(or_(col(WaitlistEntryRow.session_id) == session.session_id, its_day))
    query = select(WaitlistEntryRow).where(*mine).order_by(*BY_RANK).offset(offset).limit(limit)
    return [_entry(row) for row in await work.session.exec(query)]


async def entries_of(work: Work, patient_id: UUID, limit: int) -> list[Entry]:
    """What the patient waits or waited for, the latest first."""
    mine = col(WaitlistEntryRow.patient_id) == patient_id
    latest = col(WaitlistEntryRow.joined_at).desc(), col(WaitlistEntryRow.entry_id)
    query = select(WaitlistEntryRow).where(mine).order_by(*latest).limit(limit)
    return [_entry(row) for row in await work.session.exec(query)]


async def instead_of(work: Work, patient_id: UUID, replaced_appointment_id: UUID) -> UUID | None:
    """The appointment of the patient's accepted entry that was to replace that one; None where there is none."""
    mine = (col(WaitlistEntryRow.patient_id) == patient_id) & (col(WaitlistEntryRow.status) == Status.ACCEPTED)
    its = col(WaitlistEntryRow.replaces_appointment_id) == replaced_appointment_id
    query = select(WaitlistEntryRow.appointment_id).where(mine, its).order_by(col(WaitlistEntryRow.joined_at)).limit(1)
    return (await work.session.exec(query)).one_or_none()


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
            "lapse_reason": LapseReason(row.lapse_reason) if row.lapse_reason else None,
        }
    )
