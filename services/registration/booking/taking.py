"""The statement that takes places: for one request, or for many at once.

Both judge a request in the same order, against what is committed: its idempotency key, its id, its patient, its slot,
its proxy's consent, the patient's cooling-off, other appointments and limit, and (the sold-out gate) whether a look at
the slot without a lock finds it full: what is full is refused without making anybody wait, and a place given back is
seen by the next statement. Only then are slots locked, in the order of their keys, and what is left of their places
given out first come, first served. Each look is a lateral one of at most one row, which no plan can turn into a scan of
all patients or slots there are.

A booking uses up one of the numbers from one to the patient's limit (`allowance`); a unique index lets no two have the
same, so that several at once are no more than the limit allows.

Invariant: what the statement does not answer, because somebody else was quicker after that look, is `Raced`: the caller
rolls back and asks again. The database's constraints hold whatever happens here.
It reads tables of other capabilities, and `command`, since one statement is what the hot path is made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registration.booking.model import HOLD, Keyed
from services.registration.booking.store import COUNTED, PLACED
from shared import outbox
from shared.work import Work

TAKEN = "taken"
REPEATED = "repeated"
KEY_REUSED = "key-reused"
PATIENT_MISSING = "patient-missing"
PATIENT_DECEASED = "patient-deceased"
SLOT_MISSING = "slot-missing"

ASK_MANY = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[],
        $7::boolean[], $8::text[], $9::text[], $10::text[], $11::uuid[]) WITH ORDINALITY
        AS asked (key, body_hash, appointment_id, patient_id, session_id, slot_starts_at,
            hold, visit_type, channel, encounter_id, booked_by, turn)
)"""
ASK_ONE = """
WITH asked AS MATERIALIZED (
    SELECT $1::text AS key, $2::bytea AS body_hash, $3::uuid AS appointment_id, $4::uuid AS patient_id,
        $5::uuid AS session_id, $6::timestamptz AS slot_starts_at, $7::boolean AS hold, $8::text AS visit_type,
        $9::text AS channel, $10::text AS encounter_id, $11::uuid AS booked_by
)"""
JUDGE = f"""
, limits AS MATERIALIZED (SELECT future_bookings FROM booking_limits)
, judged AS MATERIALIZED (
    SELECT asked.*, known.status, known.answer, slot.released_at, cooling.until AS cooling_until, free.allowance,
        CASE
            WHEN known.body_hash = asked.body_hash THEN '{REPEATED}'
            WHEN known.body_hash IS NOT NULL THEN '{KEY_REUSED}'
            WHEN same_id.found THEN 'appointment-exists'
            WHEN patient.patient_id IS NULL THEN '{PATIENT_MISSING}'
            WHEN patient.deceased_at IS NOT NULL THEN '{PATIENT_DECEASED}'
            WHEN slot.session_id IS NULL THEN '{SLOT_MISSING}'
            WHEN slot.ends_at <= $12::timestamptz THEN 'slot-over'
            WHEN slot.closed_at IS NOT NULL THEN 'session-closed'
            WHEN slot.access <> 'public' THEN 'not-public'
            WHEN slot.released_at > $12 THEN 'not-released'
            WHEN asked.booked_by IS NOT NULL AND consent.found IS NULL THEN 'consent-missing'
            WHEN cooling.until > $12 THEN 'cooling-off'
            WHEN twin.found THEN 'patient-has-appointment'
            WHEN same_encounter.found THEN 'encounter-has-appointment'
            WHEN free.allowance IS NULL AND EXISTS (SELECT FROM limits) THEN 'too-many-bookings'
            WHEN slot.booked >= slot.capacity THEN 'slot-full'
        END AS no
    FROM asked
    LEFT JOIN LATERAL
        (SELECT body_hash, status, answer FROM command WHERE command.key = asked.key LIMIT 1) AS known ON true
    LEFT JOIN LATERAL
        (SELECT true AS found FROM appointment
         WHERE appointment_id = asked.appointment_id LIMIT 1) AS same_id ON true
    LEFT JOIN LATERAL
        (SELECT patient_id, deceased_at FROM patient
         WHERE patient.patient_id = asked.patient_id LIMIT 1) AS patient ON true
    LEFT JOIN LATERAL
        (SELECT slot.session_id, slot.ends_at, booked, capacity, access, released_at, closed_at
         FROM slot JOIN session USING (session_id)
         WHERE slot.session_id = asked.session_id AND slot.starts_at = asked.slot_starts_at LIMIT 1) AS slot ON true
    LEFT JOIN LATERAL
        (SELECT true AS found FROM appointment
         WHERE session_id = asked.session_id AND patient_id = asked.patient_id AND {PLACED} LIMIT 1) AS twin ON true
    LEFT JOIN LATERAL
        (SELECT true AS found FROM appointment
         WHERE encounter_id = asked.encounter_id AND {PLACED} LIMIT 1) AS same_encounter ON true
    LEFT JOIN LATERAL
        (SELECT true AS found FROM consent
         WHERE consent.patient_id = asked.patient_id AND proxy_id = asked.booked_by AND withdrawn_at IS NULL
         LIMIT 1) AS consent ON true
    LEFT JOIN LATERAL
        (SELECT until FROM cooling_off WHERE cooling_off.patient_id = asked.patient_id LIMIT 1) AS cooling ON true
    LEFT JOIN LATERAL
        (SELECT number::smallint AS allowance FROM limits, generate_series(1, future_bookings) AS number
         WHERE (SELECT true FROM appointment
                WHERE appointment.patient_id = asked.patient_id AND allowance = number::smallint AND {COUNTED}
                LIMIT 1) IS NULL
         LIMIT 1) AS free ON true
)"""  # noqa: S608 - put together from this module's own words
WRITE = """
    INSERT INTO appointment (appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
        status, visit_type, channel, encounter_id, booked_by, allowance, held_until, booked_at, version)
    SELECT appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
        CASE WHEN hold THEN 'held' ELSE 'booked' END, visit_type, channel, encounter_id, booked_by, allowance,
        CASE WHEN hold THEN $13::timestamptz END, CASE WHEN NOT hold THEN $12::timestamptz END, 1
"""
ANSWER_REFUSED = f"""
SELECT appointment_id, no AS outcome, CASE no
        WHEN 'not-released' THEN released_at
        WHEN 'cooling-off' THEN cooling_until
        WHEN 'too-many-bookings' THEN (
            SELECT min(slot_ends_at) FROM appointment
            WHERE appointment.patient_id = judged.patient_id AND appointment.allowance IS NOT NULL AND {COUNTED})
    END AS until, status, answer, NULL::integer AS ordinal, NULL::text AS clinic_id,
    NULL::timestamptz AS slot_ends_at
FROM judged WHERE no IS NOT NULL
"""  # noqa: S608 - put together from this module's own words
ANSWER_TAKEN = f"""
SELECT appointment_id, '{TAKEN}', NULL, NULL, NULL, ordinal, clinic_id, slot_ends_at FROM taken
"""  # noqa: S608 - put together from this module's own words
ANSWER_FULL = """
SELECT appointment_id, 'slot-full', NULL, NULL, NULL, NULL, NULL, NULL FROM ranked WHERE place > free
"""

MANY = f"""{ASK_MANY}{JUDGE}
, locked AS MATERIALIZED (
    SELECT judged.*, slot.clinic_id, slot.ends_at AS slot_ends_at, slot.last_ordinal,
        slot.capacity - slot.booked AS free
    FROM judged
    JOIN patient ON patient.patient_id = judged.patient_id AND patient.deceased_at IS NULL
    JOIN slot ON slot.session_id = judged.session_id AND slot.starts_at = judged.slot_starts_at
    WHERE judged.no IS NULL
    ORDER BY slot.session_id, slot.starts_at, judged.turn
    FOR SHARE OF patient FOR NO KEY UPDATE OF slot
)
, ranked AS MATERIALIZED (
    SELECT *, row_number() OVER waiting AS place, (last_ordinal + row_number() OVER waiting)::integer AS ordinal
    FROM locked WINDOW waiting AS (PARTITION BY session_id, slot_starts_at ORDER BY turn)
)
, taken AS ({WRITE}
    FROM ranked WHERE place <= free ORDER BY patient_id, session_id
    ON CONFLICT DO NOTHING RETURNING appointment_id, session_id, slot_starts_at, ordinal, clinic_id, slot_ends_at
)
, filled AS (
    UPDATE slot SET booked = booked + given.places, last_ordinal = last_ordinal + given.places
    FROM (SELECT session_id, slot_starts_at, count(*)::integer AS places FROM taken GROUP BY 1, 2) AS given
    WHERE slot.session_id = given.session_id AND slot.starts_at = given.slot_starts_at
)
{ANSWER_REFUSED} UNION ALL {ANSWER_FULL} UNION ALL {ANSWER_TAKEN}"""  # noqa: S608 - put together from this module's own words

ONE = f"""{ASK_ONE}{JUDGE}
, living AS MATERIALIZED (
    SELECT judged.* FROM judged JOIN patient ON patient.patient_id = judged.patient_id AND patient.deceased_at IS NULL
    WHERE judged.no IS NULL FOR SHARE OF patient
)
, filled AS (
    UPDATE slot SET booked = booked + 1, last_ordinal = last_ordinal + 1
    FROM living
    WHERE slot.session_id = living.session_id AND slot.starts_at = living.slot_starts_at AND booked < capacity
    RETURNING living.*, slot.clinic_id, slot.ends_at AS slot_ends_at, slot.last_ordinal AS ordinal
)
, taken AS ({WRITE} FROM filled
    ON CONFLICT DO NOTHING RETURNING appointment_id, ordinal, clinic_id, slot_ends_at
)
{ANSWER_REFUSED} UNION ALL {ANSWER_TAKEN}"""  # noqa: S608 - put together from this module's own words

REMEMBER = f"""
WITH said AS ({outbox.WRITE})
INSERT INTO command (key, route, body_hash, status, answer)
SELECT * FROM unnest($6::text[], $7::text[], $8::bytea[], $9::smallint[], $10::bytea[])
    AS done (key, route, body_hash, status, answer)
ORDER BY key ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - put together from our own words


class Raced(RuntimeError):
    """Somebody else was quicker in between. Roll back and ask again: by then it can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a request: `TAKEN` with its place, `REPEATED` with its stored answer, or why not, `until` when."""

    word: str
    until: datetime | None
    status: int | None
    answer: bytes | None
    ordinal: int | None
    clinic_id: str | None
    slot_ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer to remember for a key."""

    keyed: Keyed
    status: int
    answer: bytes


def is_passing(fault: BaseException) -> bool:
    """Whether the same turn can succeed when it is tried again at once."""
    return isinstance(fault, Raced | asyncpg.DeadlockDetectedError | asyncpg.SerializationError)


def is_poison(fault: BaseException) -> bool:
    """Whether a value of one request cannot even be sent; asyncpg files it under its interface errors."""
    return isinstance(fault, asyncpg.DataError)


async def take_places(work: Work, turn: Sequence[Keyed]) -> list[Outcome]:
    """Take a place for each request that can have one; no two of the same key, id, encounter, or patient and session.

    Returns the outcomes in the order asked. Raises `Raced`, after which the transaction must be rolled back.
    """
    connection = await work.sql()
    columns = [list(column) for column in zip(*map(_values, turn), strict=True)]
    times = work.now, work.now + HOLD
    if len(turn) == 1:
        rows = await connection.fetch(ONE, *(column[0] for column in columns), *times)
    else:
        rows = await connection.fetch(MANY, *columns, *times)
    outcomes: dict[UUID, Outcome] = {row["appointment_id"]: _outcome(row) for row in rows}
    if len(outcomes) < len(turn):
        raise Raced
    return [outcomes[one.take.appointment_id] for one in turn]


async def remember(work: Work, done: Sequence[Done]) -> None:
    """Store the answers under their keys, and what was said with them. Raises `Raced` when a key is used by now."""
    if not done:
        return
    connection = await work.sql()
    written = await connection.execute(
        REMEMBER,
        *outbox.columns(work.hand_over()),
        [one.keyed.key for one in done],
        [one.keyed.route for one in done],
        [one.keyed.body_hash for one in done],
        [one.status for one in done],
        [one.answer for one in done],
    )
    if written != f"INSERT 0 {len(done)}":
        raise Raced


def _values(one: Keyed) -> tuple[Any, ...]:
    take = one.take
    return (
        one.key,
        one.body_hash,
        take.appointment_id,
        take.patient_id,
        take.slot.session_id,
        take.slot.starts_at,
        take.hold,
        take.visit_type,
        take.channel,
        take.encounter_id,
        take.booked_by,
    )


def _outcome(row: Any) -> Outcome:  # noqa: ANN401 - asyncpg carries no types
    return Outcome(
        word=row["outcome"],
        until=row["until"],
        status=row["status"],
        answer=row["answer"],
        ordinal=row["ordinal"],
        clinic_id=row["clinic_id"],
        slot_ends_at=row["slot_ends_at"],
    )
