"""Whom no reminder of a coming visit can reach, and the only SQL about that.

It reads tables of patients, booking and exams beside its own and writes none (decision 88): who is on the list is seen
by what is there, so that booking pays for no row, and nobody stays on it who has given a contact or has been seen.

Invariant: nobody is on it without a booked visit that is not over, after a death, or whose last message was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.work import Work


class Cause(StrEnum):
    """Why a patient cannot be reached: never asked, does not want it, or the other side does not take the address."""

    NO_CONTACT = "no-contact"
    NOT_WANTED = "not-wanted"
    ADDRESS_REFUSED = "address-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An appointment, or the next coming for exams of an order: one of the two ids is there."""

    appointment_id: UUID | None
    order_id: UUID | None
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A patient whom the reminders of these visits cannot reach, the earliest first."""

    patient_id: UUID
    cause: Cause
    visits: Sequence[Coming]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUnreached:
    """Whom to list; `after` is the last patient of the page before, `starts_before` of when the visits are."""

    cause: Cause | None = None
    starts_before: datetime | None = None
    after: UUID | None = None
    limit: int


COMING = """
SELECT patient_id, appointment_id, NULL::uuid AS order_id, slot_starts_at AS starts_at
FROM appointment WHERE status = 'booked' AND slot_ends_at > $1
UNION ALL
SELECT exam_order.patient_id, NULL, exam_order.order_id, ahead.starts_at
FROM exam_order, LATERAL (
    SELECT min(lower(during)) AS starts_at FROM exam_use
    WHERE exam_use.order_id = exam_order.order_id AND exam_use.status = 'booked' AND upper(during) > $1
) AS ahead
WHERE exam_order.status = 'booked' AND ahead.starts_at IS NOT NULL
"""
REFUSED = f"""
SELECT max(ended_at) FROM reminder
WHERE reminder.patient_id = contact.patient_id AND reminder.reason = '{Cause.ADDRESS_REFUSED}'
    AND reminder.ended_at >= contact.chosen_at
"""  # noqa: S608 - put together from this module's own words
CAUSE = f"""
CASE WHEN contact.patient_id IS NULL THEN '{Cause.NO_CONTACT}'
    WHEN contact.channel IS NULL THEN '{Cause.NOT_WANTED}'
    WHEN contact.patient_id IN (SELECT patient_id FROM reminder WHERE reason = '{Cause.ADDRESS_REFUSED}')
        AND ({REFUSED}) > coalesce((
            SELECT max(ended_at) FROM reminder
            WHERE reminder.patient_id = contact.patient_id AND reminder.state = 'sent'
        ), '-infinity') THEN '{Cause.ADDRESS_REFUSED}' END
"""  # noqa: S608 - put together from this module's own words
"""Few addresses are ever refused: whose was not is known by one look at those, and not by one a patient."""
JUDGED = f"""
SELECT coming.*, {CAUSE} AS cause
FROM ({COMING}) AS coming JOIN patient USING (patient_id)
    LEFT JOIN patient_contact AS contact ON contact.patient_id = coming.patient_id
WHERE patient.deceased_at IS NULL
"""  # noqa: S608 - put together from this module's own words
PAGE = f"""
SELECT patient_id, cause, array_agg((appointment_id, order_id, starts_at) ORDER BY starts_at) AS visits
FROM ({JUDGED} AND coming.patient_id > $4 AND ($2::timestamptz IS NULL OR coming.starts_at < $2)) AS judged
WHERE cause IS NOT NULL AND ($3::text IS NULL OR cause = $3)
GROUP BY patient_id, cause ORDER BY patient_id LIMIT $5
"""  # noqa: S608 - put together from this module's own words
COUNT = f"""
SELECT cause, count(DISTINCT patient_id) AS patients FROM ({JUDGED}) AS judged WHERE cause IS NOT NULL GROUP BY cause
"""  # noqa: S608 - put together from this module's own words


async def unreached(work: Work, wanted: WantedUnreached) -> list[Unreached]:
    """A page of patients by id."""
    rows = await (await work.sql()).fetch(
        PAGE, work.now, wanted.starts_before, wanted.cause, wanted.after or UUID(int=0), wanted.limit
    )
    return [_unreached(row) for row in rows]


async def counts(work: Work) -> dict[Cause, int]:
    """How many patients there are by cause."""
    found = {row["cause"]: row["patients"] for row in await (await work.sql()).fetch(COUNT, work.now)}
    return {cause: found.get(cause, 0) for cause in Cause}


def _unreached(row: Any) -> Unreached:  # noqa: ANN401 - a record of the driver's
    visits = [
        Coming(appointment_id=appointment_id, order_id=order_id, starts_at=starts_at)
        for appointment_id, order_id, starts_at in row["visits"]
    ]
    return Unreached(patient_id=row["patient_id"], cause=Cause(row["cause"]), visits=visits)
