"""The statement that takes places, for one request or for many at once: one transaction, in one round trip.

Each request is judged first (`judging`). Only then are slots locked, in the order of their keys, and what is left of
their places given out first come, first served. What is taken is written with all that follows from it: the
appointment, the event that says so, and the answer under its key. Event and answer are made from the row itself, field
by field as their classes name them; a refusal is worded as the caller says, by word.

Invariant: an answer that comes back is committed. Whom the statement does not answer, because somebody else was quicker
after that look, is to be asked for again; so is the whole turn after a fault that `is_passing`. The database's
constraints hold whatever happens here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import asyncpg

from services.registration.booking.judging import ASK_MANY, ASK_ONE, FORGOTTEN, JUDGE, Word
from services.registration.booking.model import HOLD, Appointment, TakePlace
from services.registration.booking.refusals import UNTIL
from services.registration.booking.store import COUNTED
from services.registration.tables import words
from shared.database import Autocommit
from shared.envelope import Origin, headers_of
from shared.messages import topic_of
from shared.messages.registration.booking import AppointmentBooked, SlotHeld
from shared.outbox import pack_headers, shard_of

CREATED = 201
REFUSED = 409


INSTANT = "(left(to_json({0})::text, -7) || 'Z\"')::json"
"""SQL: an instant as it is written everywhere, with Z; sessions are in UTC."""


def json_of(made: type) -> str:
    """SQL: a row of `taken` as JSON, with the fields of this class."""
    pairs = []
    for one in fields(made):
        column = "taken.version" if one.name == "aggregate_version" else f"taken.{one.name}"
        is_instant = one.type in {datetime, datetime | None}
        pairs.append(f"'{one.name}', {INSTANT.format(column) if is_instant else column}")
    return f"convert_to(json_build_object({', '.join(pairs)})::text, 'UTF8')"


WRITE = """
, taken AS (
    INSERT INTO appointment (appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
        status, visit_type, channel, encounter_id, booked_by, allowance, held_until, booked_at, version)
    SELECT appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
        CASE WHEN hold THEN 'held' ELSE 'booked' END, visit_type, channel, encounter_id, booked_by, allowance,
        CASE WHEN hold THEN $2::timestamptz END, CASE WHEN NOT hold THEN $1::timestamptz END, 1
    FROM given ORDER BY patient_id, session_id
    RETURNING *
)"""
TELL = f"""
, booked AS MATERIALIZED (
    SELECT turn, key, route, body_hash, shard, headers, asked.patient_id, {json_of(Appointment)} AS answer,
        CASE WHEN hold THEN {json_of(SlotHeld)} ELSE {json_of(AppointmentBooked)} END AS said
    FROM asked JOIN taken USING (appointment_id)
)
, told AS (
    INSERT INTO outbox (shard, topic, key, headers, value)
    SELECT shard, '{topic_of(AppointmentBooked)}', patient_id::text, headers, said FROM booked ORDER BY turn
)
, answered AS MATERIALIZED (
    SELECT turn, key, route, body_hash, '{Word.TAKEN}' AS outcome, {CREATED} AS status, answer FROM booked
    UNION ALL
    SELECT turn, key, route, body_hash, no, {REFUSED},
        convert_to(replace(wording.text, '{UNTIL}', coalesce(to_json(until) #>> '{{}}', '')), 'UTF8')
    FROM refused JOIN unnest($3::text[], $4::text[]) AS wording (no, text) USING (no)
)
, remembered AS (
    INSERT INTO command (key, route, body_hash, status, answer)
    SELECT key, route, body_hash, status, answer FROM answered ORDER BY key
)
SELECT turn, outcome, status, answer FROM answered
UNION ALL
SELECT turn, no, status, answer FROM judged WHERE no IN ({words(FORGOTTEN)})"""  # noqa: S608 - put together from this module's own words
REFUSE = f"""
    SELECT turn, key, route, body_hash, no, CASE no
            WHEN 'not-released' THEN released_at
            WHEN 'cooling-off' THEN cooling_until
            WHEN 'too-many-bookings' THEN (
                SELECT min(slot_ends_at) FROM appointment
                WHERE appointment.patient_id = judged.patient_id AND appointment.allowance IS NOT NULL AND {COUNTED})
        END AS until
    FROM judged WHERE no IS NOT NULL"""  # noqa: S608 - put together from this module's own words

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
, given AS MATERIALIZED (SELECT * FROM ranked WHERE place <= free)
, filled AS (
    UPDATE slot SET booked = booked + given.places, last_ordinal = last_ordinal + given.places
    FROM (SELECT session_id, slot_starts_at, count(*)::integer AS places FROM given GROUP BY 1, 2) AS given
    WHERE slot.session_id = given.session_id AND slot.starts_at = given.slot_starts_at
)
, refused AS ({REFUSE}
    UNION ALL SELECT turn, key, route, body_hash, 'slot-full', NULL FROM ranked WHERE place > free
)
{WRITE}{TELL}"""  # noqa: S608 - put together from this module's own words

ONE = f"""{ASK_ONE}{JUDGE}
, living AS MATERIALIZED (
    SELECT judged.* FROM judged JOIN patient ON patient.patient_id = judged.patient_id AND patient.deceased_at IS NULL
    WHERE judged.no IS NULL FOR SHARE OF patient
)
, given AS (
    UPDATE slot SET booked = booked + 1, last_ordinal = last_ordinal + 1
    FROM living
    WHERE slot.session_id = living.session_id AND slot.starts_at = living.slot_starts_at AND booked < capacity
    RETURNING living.*, slot.clinic_id, slot.ends_at AS slot_ends_at, slot.last_ordinal AS ordinal
)
, refused AS ({REFUSE})
{WRITE}{TELL}"""  # noqa: S608 - put together from this module's own words


class Raced(RuntimeError):
    """Somebody else was quicker in between. Ask again: by then it can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A request for a place under its idempotency key, and where it comes from."""

    key: str
    route: str
    body_hash: bytes
    take: TakePlace
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The answers to refusals: `texts[i]` to `words[i]`, with `UNTIL` where it is said when the refusal ends."""

    words: Sequence[str]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: a `Word` or a `Reason`, with the answer that is remembered where one is."""

    word: str
    status: int | None
    answer: bytes | None


def is_passing(fault: BaseException) -> bool:
    """Whether the same turn can succeed when it is tried again at once; what a look did not see it sees then."""
    passing = Raced, asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError
    return isinstance(fault, passing)


def is_poison(fault: BaseException) -> bool:
    """Whether a value of one request cannot even be sent; asyncpg files it under its interface errors."""
    return isinstance(fault, asyncpg.DataError)


async def take_places(
    connection: Autocommit, turn: Sequence[Keyed], now: datetime, wording: Wording
) -> list[Outcome | None]:
    """Take a place for each request that can have one; no two of the same key, id, encounter, or patient and session.

    Returns the outcomes in the order asked, committed; None for whom somebody else was quicker.
    """
    common = now, now + HOLD, wording.words, wording.texts
    columns = [list(column) for column in zip(*(_values(one, now) for one in turn), strict=True)]
    if len(turn) == 1:
        rows = await connection.fetch(ONE, *common, *(column[0] for column in columns))
    else:
        rows = await connection.fetch(MANY, *common, *columns)
    outcomes: list[Outcome | None] = [None] * len(turn)
    for number, *outcome in rows:
        outcomes[number - 1] = Outcome(*outcome)
    return outcomes


def _values(one: Keyed, now: datetime) -> tuple[Any, ...]:
    take = one.take
    key = str(take.patient_id)
    said = SlotHeld if take.hold else AppointmentBooked
    return (
        one.key,
        one.route,
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
        shard_of(key),
        pack_headers(headers_of(said, str(take.appointment_id), key, now, one.origin)),
    )
