"""What only a real database can prove about the writer lane."""

import asyncio
import json
from collections import Counter
from datetime import timedelta

import orjson

from services.registration.booking import lane as lanes
from services.registration.booking.handlers import cancel_appointment
from services.registration.booking.lane import Lane
from services.registration.booking.model import CancelAppointment, CancelReason
from services.registration.patients.handlers import record_death
from services.registration.patients.model import RecordDeath
from services.registration.schedules.model import SlotKey
from shared.clock import FixedClock
from shared.codec import decode, encode
from shared.database import Database, engine_for
from shared.ids import new_id
from shared.messages.registration.booking import AppointmentBooked, SlotHeld
from shared.outbox import unpack_headers
from tests.adapters.registration.conftest import keyed
from tests.support.service import NOON
from tests.support.waiting import until

COMMITTING = """
SELECT pid, backend_xid::text AS xid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND query LIKE '%WITH asked%'
    AND wait_event IN ('PgSleep', 'SyncRep')
"""
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'
"""
CONSENT = """
INSERT INTO consent (consent_id, patient_id, proxy_id, relation, evidence, granted_at)
VALUES ($1, $2, $3, 'child', 'signed-form', now())
"""
SAID = "SELECT headers, value FROM outbox WHERE position('appointment' IN convert_from(value, 'UTF8')) > 0 ORDER BY id"
LINGER = (
    "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'",
    """CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON appointment DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()""",
)


def said(answer):
    return json.loads(answer.body)


def codes(answers) -> Counter[str]:
    return Counter("booked" if answer.status_code == 201 else said(answer)["code"] for answer in answers)


async def test_five_thousand_requests_for_thirty_places_sell_exactly_thirty_first_come_first_served(registration):
    slot = await registration.slot(capacity=30)
    patients = await registration.patients(5000)
    answers = await asyncio.gather(*(registration.ask(slot, patient) for patient in patients))
    assert codes(answers) == {"booked": 30, "slot-full": 4970}
    assert await registration.places(slot) == {"booked": 30, "capacity": 30, "last_ordinal": 30}
    ordinals = [said(answer)["ordinal"] for answer in answers if answer.status_code == 201]
    assert ordinals == list(range(1, 31))
    booked = [event for event in await registration.service.said() if isinstance(event, AppointmentBooked)]
    assert [event.patient_id for event in booked] == patients[:30]


async def test_turns_that_follow_each_other_give_places_in_the_order_of_asking(registration):
    slot, elsewhere = await registration.slot(capacity=10), await registration.slot(capacity=300)
    patients = await registration.patients(4 * lanes.MOST_A_TURN)
    asked = [registration.ask(elsewhere if number % 3 else slot, patient) for number, patient in enumerate(patients)]
    answers = (await asyncio.gather(*asked))[::3]
    assert [said(answer).get("ordinal") for answer in answers[:10]] == list(range(1, 11))
    assert codes(answers[10:]) == {"slot-full": len(answers) - 10}


async def test_what_the_statement_writes_is_what_the_classes_say(registration):
    slot = await registration.slot(capacity=5)
    first, second, third = await registration.patients(3)
    booker = await registration.patient()
    await registration.service.sql(CONSENT, new_id(), first, booker)
    asked = [
        registration.ask(slot, first, encounter_id='a"+00:00', booked_by=booker),
        registration.ask(slot, second, hold=True),
        registration.ask(slot, third),
    ]
    together = [said(answer) for answer in await asyncio.gather(*asked)]
    alone = said(await registration.ask(slot, booker))
    for answer in (*together, alone):
        read = await registration.service.get(f"/appointments/{answer['appointment_id']}", role="front-desk")
        assert list(answer.items()) == list(read.json().items())
    assert together[0]["encounter_id"] == 'a"+00:00'
    rows = await registration.service.sql(SAID)
    assert [orjson.loads(row["value"]) for row in rows] == [
        orjson.loads(encode(decode(dict(unpack_headers(row["headers"]))["ce_type"].decode(), row["value"])))
        for row in rows
    ]


async def test_two_lanes_together_sell_no_more_than_there_is(registration):
    slots = [await registration.slot(capacity=3) for _ in range(4)]
    patients = await registration.patients(100)
    other = Lane(registration.service.database)
    running = asyncio.create_task(other.run())
    asked = []
    for number, patient in enumerate(patients):
        first, second = (registration.lane, other) if number % 2 else (other, registration.lane)
        asked += [first.ask(keyed(slot, patient)) for slot in slots[:2]]
        asked += [second.ask(keyed(slot, patient)) for slot in slots[2:]]
    answers = await asyncio.gather(*asked)
    other.stop()
    await running
    assert codes(answers) == {"booked": 12, "slot-full": 388}
    assert [(await registration.places(slot))["booked"] for slot in slots] == [3, 3, 3, 3]


async def test_the_same_patient_asked_for_by_two_lanes_at_once_has_one_place(registration):
    slot = await registration.slot(capacity=100)
    patients = await registration.patients(60)
    other = Lane(registration.service.database)
    running = asyncio.create_task(other.run())
    lanes_ = registration.lane, other
    answers = await asyncio.gather(*(lane.ask(keyed(slot, one)) for one in patients for lane in lanes_))
    other.stop()
    await running
    assert codes(answers) == {"booked": 60, "patient-has-appointment": 60}
    assert (await registration.places(slot))["booked"] == 60


async def test_a_patient_with_two_keys_has_one_place(registration):
    slot = await registration.slot(capacity=5)
    patient = await registration.patient()
    answers = await asyncio.gather(*(registration.ask(slot, patient) for _ in range(20)))
    assert codes(answers) == {"booked": 1, "patient-has-appointment": 19}


async def test_a_repeated_key_is_answered_alike_and_takes_effect_once(registration):
    slot = await registration.slot(capacity=5)
    patient, key = await registration.patient(), str(new_id())
    filler = [registration.ask(slot, one) for one in await registration.patients(3)]
    answers = await asyncio.gather(*(registration.ask(slot, patient, key=key) for _ in range(50)), *filler)
    answers.append(await registration.ask(slot, patient, key=key))
    repeats = answers[:50] + answers[-1:]
    assert {(answer.status_code, answer.body) for answer in repeats} == {(201, repeats[0].body)}
    assert (await registration.places(slot))["booked"] == 4


async def test_a_refusal_is_remembered_under_its_key_even_when_a_place_is_free_by_then(registration):
    slot = await registration.slot()
    first, second, key = await registration.patient(), await registration.patient(), str(new_id())
    booked = said(await registration.ask(slot, first))
    assert codes([await registration.ask(slot, second, key=key)]) == {"slot-full": 1}
    await registration.post(f"/appointments/{booked['appointment_id']}/cancellation", body={"reason": "patient"})
    assert codes([await registration.ask(slot, second, key=key)]) == {"slot-full": 1}
    assert codes([await registration.ask(slot, second)]) == {"booked": 1}


async def test_the_same_key_with_another_body_is_refused_at_once_and_later(registration):
    slot = await registration.slot(capacity=5)
    first, second, key = await registration.patient(), await registration.patient(), str(new_id())
    answers = await asyncio.gather(registration.ask(slot, first, key=key), registration.ask(slot, second, key=key))
    assert codes(answers) == {"booked": 1, "idempotency-key-reused": 1}
    assert (await registration.ask(slot, second, key=key)).status_code == 422


async def test_one_poisonous_request_does_not_refuse_the_others(registration):
    slot = await registration.slot(capacity=200)
    patients = await registration.patients(100)
    poison = "a\x00b"
    answers = await asyncio.gather(
        *(
            registration.ask(slot, patient, encounter_id=poison if number == 41 else None)
            for number, patient in enumerate(patients)
        )
    )
    assert codes(answers) == {"booked": 99, "fault": 1}
    assert answers[41].status_code == 500
    assert (await registration.places(slot))["booked"] == 99


async def test_a_place_given_back_is_sold_again_at_once_under_a_new_number(registration):
    slot = await registration.slot(capacity=2)
    patients = await registration.patients(10)
    answers = await asyncio.gather(*(registration.ask(slot, patient) for patient in patients))
    given_back = CancelAppointment(appointment_id=said(answers[0])["appointment_id"], reason=CancelReason.PATIENT)
    async with registration.service.database.work() as work:
        await cancel_appointment(given_back, work)
    again = await asyncio.gather(*(registration.ask(slot, patient) for patient in patients[5:]))
    assert codes(again) == {"booked": 1, "slot-full": 4}
    assert said(again[0])["ordinal"] == 3


async def test_a_connection_killed_before_its_commit_is_asked_again(registration, monkeypatch):
    monkeypatch.setattr(lanes, "TRACKS", 1)  # one turn has them all
    slot = await registration.slot(capacity=50)
    patients = await registration.patients(20)
    sql = registration.service.sql
    for statement in LINGER:
        await sql(statement)
    asked = [asyncio.create_task(registration.ask(slot, patient)) for patient in patients]
    pid = (await until(lambda: sql(COMMITTING)))[0]["pid"]
    dropped = asyncio.create_task(sql("DROP TRIGGER linger ON appointment"))
    await sql("SELECT pg_terminate_backend($1)", pid)
    await dropped
    answers = await asyncio.gather(*asked)
    await registration.service.database.engine.dispose()
    assert codes(answers) == {"booked": 20}
    assert (await registration.places(slot))["booked"] == 20


async def test_a_connection_killed_after_its_commit_is_settled_by_the_keys(registration, postgres, monkeypatch):
    monkeypatch.setattr(lanes, "TRACKS", 1)  # one turn has them all
    slot = await registration.slot(capacity=50)
    patients = await registration.patients(20)
    sql = registration.service.sql
    name = (await sql("SELECT current_database() AS name"))[0]["name"]
    postgres.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    await registration.service.database.engine.dispose()
    postgres.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    postgres.execute("SELECT pg_reload_conf()")
    try:
        asked = [asyncio.create_task(registration.ask(slot, patient)) for patient in patients]
        killed = (await until(lambda: sql(COMMITTING)))[0]
    finally:
        postgres.execute("ALTER SYSTEM RESET synchronous_standby_names")
    await sql("SELECT pg_terminate_backend($1)", killed["pid"])
    postgres.execute("SELECT pg_reload_conf()")
    answers = await asyncio.gather(*asked)
    await registration.service.database.engine.dispose()
    assert codes(answers) == {"booked": 20}
    assert (await registration.places(slot)) == {"booked": 20, "capacity": 50, "last_ordinal": 20}
    kept = await sql("SELECT appointment_id, xmin::text AS xid FROM appointment")
    assert {row["xid"] for row in kept} == {killed["xid"]}
    assert {str(row["appointment_id"]) for row in kept} == {said(answer)["appointment_id"] for answer in answers}


async def test_without_a_database_the_outcome_is_unknown_and_says_to_repeat_the_key(monkeypatch):
    monkeypatch.setattr(lanes, "BACK_OFF_SECONDS", 0)
    away = Database(engine_for("postgresql://nobody@127.0.0.1:1/none", 2), FixedClock(NOON))
    lane = Lane(away)
    running = asyncio.create_task(lane.run())
    slot = SlotKey(session_id=new_id(), starts_at=NOON)
    answers = await asyncio.gather(*(lane.ask(keyed(slot, new_id())) for _ in range(3)))
    lane.stop()
    await running
    assert codes(answers) == {"outcome-unknown": 3}
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_again(registration):
    lane = Lane(registration.service.database, most_waiting=2)
    slot = await registration.slot(capacity=5)
    first, second, third = [keyed(slot, patient) for patient in await registration.patients(3)]
    waiting = [asyncio.create_task(lane.ask(one)) for one in (first, second)]
    await asyncio.sleep(0)
    refused = await lane.ask(third)
    assert (refused.status_code, said(refused)["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    lane.stop()
    await lane.run()
    assert codes(await asyncio.gather(*waiting)) == {"booked": 2}


async def test_a_death_recorded_in_between_is_seen_before_the_place_is_given(registration):
    slot = await registration.slot(capacity=5)
    patient = await registration.patient()
    async with registration.service.database.work() as work:
        await record_death(RecordDeath(patient_id=patient, deceased_at=NOON), work)
        asked = asyncio.create_task(registration.ask(slot, patient))
        await until(lambda: registration.service.sql(WAITING))
    assert codes([await asked]) == {"patient-deceased": 1}
    assert (await registration.places(slot))["booked"] == 0


async def test_holds_and_bookings_share_the_places_and_each_says_what_it_is(registration):
    slot = await registration.slot(capacity=5)
    patients = await registration.patients(8)
    asked = [registration.ask(slot, one, hold=number % 2 == 0) for number, one in enumerate(patients)]
    assert codes(await asyncio.gather(*asked)) == {"booked": 5, "slot-full": 3}
    events = [event for event in await registration.service.said() if isinstance(event, SlotHeld | AppointmentBooked)]
    assert [type(event) for event in events] == [SlotHeld, AppointmentBooked, SlotHeld, AppointmentBooked, SlotHeld]
    assert events[0].held_until == NOON + timedelta(minutes=5)


async def test_a_repeat_that_comes_while_its_turn_is_under_way_shares_the_answer(registration):
    slot, elsewhere = await registration.slot(), await registration.slot()
    one, other = await registration.patients(2)
    wish = keyed(slot, one)
    async with registration.service.database.work() as work:
        connection = await work.sql()
        await connection.execute("SELECT FROM slot WHERE session_id = $1 FOR UPDATE", slot.session_id)
        first = asyncio.create_task(registration.lane.ask(wish))
        await until(lambda: registration.service.sql(WAITING))
        others = [registration.lane.ask(wish), registration.ask(slot, one), registration.ask(elsewhere, other)]
        asked = [asyncio.create_task(each) for each in others]
        done, _ = await asyncio.wait(asked, timeout=0)
        assert not done
    repeat, twin, elsewhere_answer = await asyncio.gather(*asked)
    assert (await first).status_code == elsewhere_answer.status_code == 201
    assert repeat.body == (await first).body
    assert said(twin)["code"] == "patient-has-appointment"
    assert len([event for event in await registration.service.said() if isinstance(event, AppointmentBooked)]) == 2
