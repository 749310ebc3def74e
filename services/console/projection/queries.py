"""The reading side of the projection, for the pages of this service.

Invariant: a page reads `head` first and events up to it, so that what the feed sends after `head` is neither missing
from the page nor on it twice. Beds may be newer than `head`: to show one twice is to show it once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.console.projection.model import AdmissionFact, Bed, Flow, Happening, SeenPatient
from shared.work import Work

HEAD = """
SELECT greatest(coalesce((SELECT max(position) FROM event), 0), coalesce((SELECT max(position) FROM bed_now), 0))
"""
BEDS = """
SELECT bed_id, campus_id, ward_id, room_id, status, reserved, patient_id, changed_at, added_position
FROM bed_now WHERE position > $1 ORDER BY campus_id, ward_id, room_id, bed_id
"""
HAPPENING = "event_id, position, type, occurred_at, patient_id, subject, correlation_id, causation_id, fields"
LATEST = f"""
SELECT {HAPPENING} FROM event WHERE position > $1 AND position <= $2 ORDER BY position DESC LIMIT $3
"""  # noqa: S608 - column names of this file
NEXT = f"SELECT {HAPPENING} FROM event WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608
OF_PATIENT = f"""
SELECT * FROM (SELECT {HAPPENING} FROM event WHERE patient_id = $1 AND (occurred_at, event_id) < ($2, $3)
               ORDER BY occurred_at DESC, event_id DESC LIMIT $4) AS latest ORDER BY occurred_at, event_id
"""  # noqa: S608 - column names of this file
TYPES = "SELECT event_id, type FROM event WHERE event_id = ANY($1::uuid[])"
FLOWS = """
SELECT type, coalesce(sum(events) FILTER (WHERE hour_at >= $2 AND hour_at < $3), 0)::bigint AS today,
       sum(events)::bigint AS ever
FROM event_hour WHERE type = ANY($1::text[]) GROUP BY type
"""
WAITING = """
SELECT count(*) FROM admission JOIN patient USING (patient_id)
WHERE admission.state = 'waiting' AND patient.deceased_on IS NULL
"""
AT_THE_DESK = """
WITH here AS (
    SELECT admission_id, patient_id, state FROM admission WHERE state = 'waiting'
    UNION ALL
    SELECT admission_id, admission.patient_id, state FROM bed_now JOIN admission ON admission_id = stay_id
    WHERE reserved AND state = 'reserved'
)
SELECT DISTINCT ON (admission_id, type) admission_id, patient_id, state, type, event.position, fields
FROM here JOIN patient USING (patient_id) JOIN event USING (patient_id)
WHERE deceased_on IS NULL AND type = ANY($1::text[])
    AND coalesce(fields->>'request_id', fields->>'stay_id') = admission_id::text
ORDER BY admission_id, type, event.position DESC
"""
PATIENT = "patient_id, events, last_at, last_type, deceased_on"
WITH_BED = (
    "LEFT JOIN LATERAL (SELECT bed_id FROM bed_now WHERE bed_now.patient_id = patient.patient_id LIMIT 1) bed ON TRUE"
)
RECENT = f"SELECT {PATIENT}, bed_id FROM patient {WITH_BED} ORDER BY last_at DESC, patient_id LIMIT $1"  # noqa: S608
ONE_PATIENT = f"SELECT {PATIENT}, bed_id FROM patient {WITH_BED} WHERE patient_id = $1"  # noqa: S608
SUMMARY = "SELECT type, sum(events)::bigint AS events FROM event_hour GROUP BY type ORDER BY type"


async def head(work: Work) -> int:
    """The feed's last position."""
    position: int = await (await work.sql()).fetchval(HEAD)
    return position


async def beds(work: Work, after: int = -1) -> list[Bed]:
    """Beds that have changed after a position, by campus, ward, room."""
    return [Bed(**row) for row in await (await work.sql()).fetch(BEDS, after)]


async def latest(work: Work, after: int, until: int, limit: int) -> list[Happening]:
    """The last events in (after, until], newest first."""
    return _happenings(await (await work.sql()).fetch(LATEST, after, until, limit))


async def next_after(work: Work, position: int, limit: int) -> list[Happening]:
    """The first events after a position, oldest first."""
    return _happenings(await (await work.sql()).fetch(NEXT, position, limit))


async def of_patient(work: Work, patient_id: UUID, before: tuple[datetime, UUID], limit: int) -> list[Happening]:
    """A patient's last events before an instant and id, oldest first."""
    return _happenings(await (await work.sql()).fetch(OF_PATIENT, patient_id, *before, limit))


async def types_of(work: Work, event_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What kind of event each of these is, as far as known."""
    return {row["event_id"]: row["type"] for row in await (await work.sql()).fetch(TYPES, event_ids)}


async def flows(work: Work, types: Sequence[str], day: tuple[datetime, datetime]) -> dict[str, Flow]:
    """How often each type happened, in the day's half-open span and ever."""
    rows = await (await work.sql()).fetch(FLOWS, types, *day)
    known = {row["type"]: Flow(today=row["today"], ever=row["ever"]) for row in rows}
    return {name: known.get(name, Flow(today=0, ever=0)) for name in types}


async def waiting(work: Work) -> int:
    """How many living patients wait for a bed."""
    patients: int = await (await work.sql()).fetchval(WAITING)
    return patients


async def at_the_desk(work: Work, types: Sequence[str]) -> list[AdmissionFact]:
    """What was said last, of each of these kinds, of every admission that waits or has a bed reserved."""
    return [AdmissionFact(**row) for row in await (await work.sql()).fetch(AT_THE_DESK, types)]


async def recent_patients(work: Work, limit: int) -> list[SeenPatient]:
    """The patients of whom something was heard last."""
    return [SeenPatient(**row) for row in await (await work.sql()).fetch(RECENT, limit)]


async def patient(work: Work, patient_id: UUID) -> SeenPatient | None:
    """What is known of a patient; None when no event named the id."""
    row = await (await work.sql()).fetchrow(ONE_PATIENT, patient_id)
    return SeenPatient(**row) if row else None


async def summary(work: Work) -> dict[str, int]:
    """How many events of each type were seen on the topics."""
    return {row["type"]: row["events"] for row in await (await work.sql()).fetch(SUMMARY)}


def _happenings(rows: Sequence[Any]) -> list[Happening]:
    return [Happening(**row) for row in rows]
