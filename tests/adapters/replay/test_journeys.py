"""The three recorded journeys, each played into the services that hear it, with what has to come of it."""

from datetime import timedelta

from services.beds.app import SERVICE as BEDS
from services.console.app import SERVICE as CONSOLE
from services.discharge.app import SERVICE as DISCHARGE
from services.followup.app import SERVICE as FOLLOWUP
from shared.replay.reading import verify
from shared.replay.selection import Selection
from tests.journey.test_one_patient import PATIENT, STAY_ID
from tests.support.record_journeys import MAN, OTHER_WARD_S_BED, WOMAN
from tests.support.replaying import JOURNEYS

BOOKING, ROUND, SETTLEMENT = [
    JOURNEYS / f"{name}.zst" for name in ("booking-to-follow-up", "bed-round-with-override", "settlement-with-timeout")
]
CENTRE = {"centre_url": "http://127.0.0.1:1", "centre_timeout_seconds": 10.0}
CENTRE_TIMEOUT = timedelta(seconds=10)

PROPOSED = "SELECT patient_id, fields->>'bed_id' AS bed_id FROM event WHERE type = 'beds.bed-proposed.v1'"
OCCUPIED = "SELECT patient_id, bed_id FROM bed_now WHERE status = 'O'"


def types_of(recording):
    """The types of a recording's events, in order."""
    return [entry.header("ce_type") for entry in verify(recording).entries()]


async def test_booking_to_follow_up_is_drawn_by_the_console_with_every_event(run_service, replaying):
    async with run_service(CONSOLE) as console:
        await replaying.into(console, BOOKING)
        (patient,) = await console.sql("SELECT patient_id, events, last_type FROM patient")
        assert (patient["patient_id"], patient["last_type"]) == (PATIENT.patient_id, "followup.plan-closed.v1")
        assert await console.sql("SELECT admission_id, state FROM admission") == [
            {"admission_id": STAY_ID, "state": "left"}
        ]
        (bed,) = await console.sql("SELECT status, reserved, patient_id FROM bed_now")
        assert bed == {"status": "H", "reserved": False, "patient_id": None}
        drawn = await console.sql("SELECT type FROM event ORDER BY occurred_at, event_id")
        assert [row["type"] for row in drawn] == [name for name in types_of(BOOKING) if name != "beds.bed-state.v1"]


async def test_booking_to_follow_up_opens_one_plan_in_followup(run_service, replaying):
    async with run_service(FOLLOWUP) as followup:
        await replaying.into(followup, BOOKING, selection=Selection(types=("discharge.patient-left.v1",)))
        (plan,) = await followup.sql("SELECT patient_id, stay_id, status FROM plan")
        assert plan == {"patient_id": PATIENT.patient_id, "stay_id": STAY_ID, "status": "active"}
        assert [type(event).type for event in await followup.said()] == ["followup.plan-opened.v1"]


async def test_a_bed_round_with_an_override_puts_one_where_proposed_and_one_where_chosen(run_service, replaying):
    async with run_service(CONSOLE) as console:
        await replaying.into(console, ROUND)
        proposed = {row["patient_id"]: row["bed_id"] for row in await console.sql(PROPOSED)}
        taken = {row["patient_id"]: row["bed_id"] for row in await console.sql(OCCUPIED)}
        assert set(taken) == set(proposed) == {WOMAN, MAN}
        assert taken[WOMAN] == proposed[WOMAN]
        assert taken[MAN] == OTHER_WARD_S_BED != proposed[MAN]
        admissions = await console.sql("SELECT state FROM admission")
        assert admissions == [{"state": "admitted"}] * 2


async def test_a_bed_round_s_requests_wait_again_where_only_they_are_heard(run_service, replaying):
    async with run_service(BEDS) as beds:
        await replaying.into(beds, ROUND)
        waiting = await beds.sql("SELECT patient_id, phase FROM admission_request ORDER BY patient_id")
        assert waiting == [{"patient_id": each, "phase": "waiting"} for each in (WOMAN, MAN)]


async def test_a_settlement_whose_answer_was_lost_is_settled_once(run_service, replaying):
    entries = {entry.header("ce_type"): entry for entry in verify(SETTLEMENT).entries()}
    waited = entries["discharge.settled.v1"].timestamp - entries["discharge.settlement-confirmed.v1"].timestamp
    assert timedelta(milliseconds=waited) >= CENTRE_TIMEOUT
    async with run_service(CONSOLE) as console:
        await replaying.into(console, SETTLEMENT)
        settled = await console.sql("SELECT fields FROM event WHERE type = 'discharge.settled.v1'")
        assert len(settled) == 1
        assert await console.sql("SELECT state FROM admission") == [{"state": "left"}]


async def test_a_settlement_s_stay_opens_its_account_once_whatever_is_played_twice(run_service, replaying):
    async with run_service(DISCHARGE, **CENTRE) as discharge:
        for _ in range(2):
            await replaying.into(discharge, SETTLEMENT)
        assert await discharge.sql("SELECT stay_id FROM account") == [{"stay_id": STAY_ID}]
        assert [type(event).type for event in await discharge.said()] == ["discharge.account-opened.v1"]
        assert await discharge.sql("SELECT insutype FROM coverage") == [{"insutype": "310"}]
