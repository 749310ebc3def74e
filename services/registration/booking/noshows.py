"""Which appointments nobody came for: those still booked when their session is over.

Found by way of their sessions, so that taking a place pays for no index of its own; a session is noted once nobody is
expected in it any more, and never looked at again. Each look at the appointments of a session is one of its own, of at
most so many rows, which no plan can turn into a scan of all appointments there are. It reads and notes `session`, a
table of schedules.
"""

from datetime import datetime
from uuid import UUID

from shared.work import Work

NEXT_OVER = """
SELECT ends_at FROM session,
    LATERAL (SELECT FROM appointment
             WHERE appointment.session_id = session.session_id AND status = 'booked' LIMIT 1) AS expected
WHERE NOT no_shows_noted ORDER BY ends_at LIMIT 1
"""
OVERDUE = """
SELECT appointment_id FROM session,
    LATERAL (SELECT appointment_id FROM appointment
             WHERE appointment.session_id = session.session_id AND status = 'booked'
             ORDER BY appointment_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) AS expected
WHERE NOT no_shows_noted AND ends_at <= $1 ORDER BY ends_at, appointment_id LIMIT $2
"""
NOTE = """
UPDATE session SET no_shows_noted = true
WHERE NOT no_shows_noted AND ends_at <= $1 AND (
    SELECT true FROM appointment WHERE appointment.session_id = session.session_id AND status = 'booked' LIMIT 1
) IS NULL
"""


async def next_over_at(work: Work) -> datetime | None:
    """When the earliest session is over in which somebody is still expected."""
    at: datetime | None = await (await work.sql()).fetchval(NEXT_OVER)
    return at


async def overdue(work: Work, limit: int) -> list[UUID]:
    """Appointments nobody came for, at most `limit`, kept from others; those somebody has in hand are left to them."""
    return [row["appointment_id"] for row in await (await work.sql()).fetch(OVERDUE, work.now, limit)]


async def note(work: Work) -> None:
    """Note the sessions that are over and in which nobody is expected any more."""
    await (await work.sql()).execute(NOTE, work.now)
