"""What the statement that takes places looks at before it takes any: for one request, or for many at once.

A request is judged, in this order, against what is committed: its idempotency key, its id, its patient, its slot, its
proxy's consent, the patient's cooling-off, other appointments and limit, and (the sold-out gate) whether a look at the
slot without a lock finds it full: what is full is refused without making anybody wait, and a place given back is seen
by the next statement. Each look is a lateral one of at most one row, which no plan can turn into a scan of all patients
or slots there are.

A booking uses up one of the numbers from one to the patient's limit (`allowance`); a unique index lets no two have the
same, so that several at once are no more than the limit allows.

It reads tables of other capabilities, and `command`, since one statement is what the hot path is made of. $1 is the
instant it happens at.
"""

from enum import StrEnum

from services.registration.booking.store import COUNTED, PLACED
from services.registration.patients.model import DECEASED


class Word(StrEnum):
    """What the statement says of a request, if not a refusal's `Reason`."""

    TAKEN = "taken"
    REPEATED = "repeated"
    KEY_REUSED = "key-reused"
    PATIENT_MISSING = "patient-missing"
    SLOT_MISSING = "slot-missing"


FORGOTTEN = Word.REPEATED, Word.KEY_REUSED, Word.PATIENT_MISSING, Word.SLOT_MISSING
"""What is not remembered under the key: it is already, or may change."""

ASK_MANY = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($5::text[], $6::text[], $7::bytea[], $8::uuid[], $9::uuid[], $10::uuid[], $11::timestamptz[],
        $12::boolean[], $13::text[], $14::text[], $15::text[], $16::uuid[], $17::smallint[], $18::bytea[])
        WITH ORDINALITY AS asked (key, route, body_hash, appointment_id, patient_id, session_id, slot_starts_at,
            hold, visit_type, channel, encounter_id, booked_by, shard, headers, turn)
)"""
ASK_ONE = """
WITH asked AS MATERIALIZED (
    SELECT $5::text AS key, $6::text AS route, $7::bytea AS body_hash, $8::uuid AS appointment_id,
        $9::uuid AS patient_id, $10::uuid AS session_id, $11::timestamptz AS slot_starts_at, $12::boolean AS hold,
        $13::text AS visit_type, $14::text AS channel, $15::text AS encounter_id, $16::uuid AS booked_by,
        $17::smallint AS shard, $18::bytea AS headers, 1::bigint AS turn
)"""
JUDGE = f"""
, limits AS MATERIALIZED (SELECT future_bookings FROM booking_limits)
, judged AS MATERIALIZED (
    SELECT asked.*, known.status, known.answer, slot.released_at, cooling.until AS cooling_until, free.allowance,
        CASE
            WHEN known.body_hash = asked.body_hash THEN '{Word.REPEATED}'
            WHEN known.body_hash IS NOT NULL THEN '{Word.KEY_REUSED}'
            WHEN same_id.found THEN 'appointment-exists'
            WHEN patient.patient_id IS NULL THEN '{Word.PATIENT_MISSING}'
            WHEN patient.deceased_at IS NOT NULL THEN '{DECEASED.reason}'
            WHEN slot.session_id IS NULL THEN '{Word.SLOT_MISSING}'
            WHEN slot.ends_at <= $1::timestamptz THEN 'slot-over'
            WHEN slot.closed_at IS NOT NULL THEN 'session-closed'
            WHEN slot.access <> 'public' THEN 'not-public'
            WHEN slot.released_at > $1 THEN 'not-released'
            WHEN asked.booked_by IS NOT NULL AND consent.found IS NULL THEN 'consent-missing'
            WHEN cooling.until > $1 THEN 'cooling-off'
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
