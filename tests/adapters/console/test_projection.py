"""The projection on a real database: once, in any order of topics, and the same again from the start."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.console.app import SERVICE
from services.console.board import handlers as board
from services.console.journey import handlers as journey
from services.console.projection import queries
from shared.effects import Effects
from shared.envelope import unseal
from shared.ids import new_id
from shared.inbox import Record
from shared.messages.beds.requests import AdmissionQueued
from shared.messages.beds.stays import AdmissionCancelled, BedReleased, BedReserved, LeaveUndone
from shared.messages.registration.patients import PatientDeceased
from tests.console.scene import AFTERNOON, PATIENT, Scene, afternoon_of_others, all_beds, bed_state, whole_journey
from tests.support.service import ServiceFactory, ServiceUnderTest

ZONE = ZoneInfo("Asia/Shanghai")
TABLES = {
    "event": "event_id, type, topic, occurred_at, patient_id, subject, correlation_id, causation_id, fields",
    "event_hour": "type, hour_at, events",
    "bed_now": "bed_id, campus_id, ward_id, room_id, status, reserved, stay_id, patient_id, changed_at, version",
    "admission": "admission_id, patient_id, state, since",
    "patient": "patient_id, events, last_at, last_event_id, last_type, deceased_on",
}


@pytest.fixture
async def console(run_service: ServiceFactory):
    async with run_service(SERVICE, at=AFTERNOON) as service:
        yield service


async def take(service: ServiceUnderTest, records: Sequence[Record], batch: int = 500) -> None:
    effects = Effects("console", service.database, service.host.service.reactions, service.host.telemetry)
    for start in range(0, len(records), batch):
        await effects.take(records[start : start + batch])


async def rows(service: ServiceUnderTest) -> dict[str, list[dict]]:
    """Every projected row but the positions, which say when and not what."""
    queries_of = {table: f"SELECT {columns} FROM {table} ORDER BY 1, 2" for table, columns in TABLES.items()}  # noqa: S608 - names of this file
    return {table: await service.sql(query) for table, query in queries_of.items()}


def a_day() -> list[Record]:
    scene = Scene(at=AFTERNOON)
    for version, state in enumerate(("H", "U", "R", "O", "H"), start=2):
        scene.later(minutes=9)
        scene.say(bed_state("main/M-CA/05/2", state, None, version, scene.at), command=f"bed-{version}")
    return [*all_beds()[:200], *whole_journey(), *afternoon_of_others(), *scene.records]


def interleaved(records: Sequence[Record], seed: int) -> list[Record]:
    """Partitions in another order relative to each other, each in its own; some records twice, as Kafka may."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    partitions = defaultdict(list)
    for record in records:
        partitions[record.topic, hash(record.key) % 12].append(record)
    waiting = list(partitions.values())
    order = []
    while waiting:
        line = chance.choice(waiting)
        run = chance.randint(1, min(7, len(line)))
        order += line[:run]
        if chance.random() < 0.3:
            order += line[:run]
        del line[:run]
        waiting = [one for one in waiting if one]
    return order


async def test_any_order_of_partitions_with_duplicates_gives_the_same_rows(run_service: ServiceFactory):
    records = a_day()
    drawn = []
    for seed in (1, 2):
        async with run_service(SERVICE, at=AFTERNOON) as service:
            await take(service, interleaved(records, seed), batch=37 * seed)
            drawn.append(await rows(service))

    assert drawn[0] == drawn[1]
    assert len(drawn[0]["event"]) == len([record for record in records if record.topic != "bed-state"])


async def test_a_batch_taken_twice_counts_once(console: ServiceUnderTest):
    records = whole_journey()

    await take(console, records)
    once = await rows(console)
    await take(console, records)

    assert await rows(console) == once
    summary = (await console.get("/api/events/summary", role="viewer")).json()
    assert summary["total"] == len(records)
    assert summary["events"]["discharge.charge-posted.v1"] == 38


async def test_an_event_remembers_what_caused_it(console: ServiceUnderTest):
    await take(console, whole_journey())

    async with console.database.work() as work:
        shown = await journey.journey_of(PATIENT, None, None, work)
    left = next(one for one in shown.happenings if one.type == "discharge.patient-left.v1")
    effects = {one.type for one in shown.happenings if one.causation_id == str(left.event_id)}
    assert effects == {"beds.bed-released.v1", "followup.plan-opened.v1"}
    assert left.causation_id == "command:leave"
    assert shown.patient.events == len(shown.happenings)


async def test_a_bed_never_goes_back_to_an_earlier_version(console: ServiceUnderTest):
    scene = Scene()
    scene.say(bed_state("main/M-CA/05/2", "O", PATIENT, 5))
    scene.say(bed_state("main/M-CA/05/2", "U", None, 4))

    await take(console, scene.records)

    assert await console.sql("SELECT status, version FROM bed_now") == [{"status": "O", "version": 5}]


async def test_who_waits_is_counted_until_a_bed_is_kept_or_the_patient_has_died(console: ServiceUnderTest):
    waits, served, died = new_id(), new_id(), new_id()
    scene = Scene()
    for patient_id in (waits, served, died):
        scene.say(queued(patient_id, patient_id))
    scene.say(reserved(served, served))
    scene.say(PatientDeceased(patient_id=died, deceased_on=date(2026, 3, 2), aggregate_version=2))

    await take(console, scene.records)

    assert await waiting(console) == 1


async def test_an_admission_that_has_ended_does_not_wait_again(console: ServiceUnderTest):
    patient_id = new_id()
    scene = Scene()
    scene.say(released(patient_id, patient_id))
    scene.say(queued(patient_id, patient_id))

    await take(console, scene.records, batch=1)

    assert await waiting(console) == 0


async def test_a_leaving_that_is_undone_is_an_admission_again_and_a_cancelled_one_waits(console: ServiceUnderTest):
    back, waits = new_id(), new_id()
    place = {"bed_id": "main/M-CA/05/2", "ward_id": "main/M-CA"}
    scene = Scene()
    scene.say(released(back, back))
    scene.later(minutes=5)
    undone = {"left_at": scene.at, "undone_at": scene.at, "campus_id": "main", "aggregate_version": 9}
    scene.say(LeaveUndone(stay_id=back, patient_id=back, **place, **undone))
    scene.say(AdmissionCancelled(stay_id=waits, patient_id=waits, **place, cancelled_at=scene.at, aggregate_version=3))

    await take(console, scene.records, batch=1)

    states = await console.sql("SELECT admission_id, state FROM admission")
    assert {row["admission_id"]: row["state"] for row in states} == {back: "admitted", waits: "waiting"}


async def test_today_is_the_hospitals_day(console: ServiceUnderTest):
    await take(console, afternoon_of_others())
    async with console.database.work() as work:
        today = (await board.hospital_now(ZONE, work)).tallies.arrivals
    console.clock.set(AFTERNOON + timedelta(hours=10))
    async with console.database.work() as work:
        tomorrow = (await board.hospital_now(ZONE, work)).tallies.arrivals

    assert today.today == today.ever == tomorrow.ever > 0
    assert tomorrow.today == 0


async def test_what_changed_since_a_position_is_told_and_nothing_else(console: ServiceUnderTest):
    await take(console, all_beds()[:50])
    async with console.database.work() as work:
        head = await queries.head(work)
        assert await board.changed_since(head, ZONE, work) is None
        bed_id = (await queries.beds(work))[7].bed_id
    scene = Scene()
    scene.say(bed_state(bed_id, "H", None, 2))
    await take(console, scene.records)

    async with console.database.work() as work:
        change = await board.changed_since(head, ZONE, work)

    assert [bed.bed_id for bed in change.beds] == [bed_id]
    assert [ward.ward_id for _, ward in change.wards] == [bed_id.split("/")[1]]
    assert not change.redraw


async def test_new_beds_are_a_reason_to_draw_the_board_again(console: ServiceUnderTest):
    await take(console, all_beds()[:5])

    async with console.database.work() as work:
        change = await board.changed_since(0, ZONE, work)

    assert change.redraw


async def test_a_position_ahead_of_a_rebuilt_projection_starts_over(console: ServiceUnderTest):
    await take(console, all_beds()[:5])

    async with console.database.work() as work:
        change = await board.changed_since(10_000, ZONE, work)

    assert (change.after, change.redraw) == (0, True)


async def test_positions_rise_in_the_order_of_commits(console: ServiceUnderTest):
    records = whole_journey()
    await take(console, records, batch=3)

    told = await console.sql("SELECT event_id FROM event ORDER BY position")
    assert [row["event_id"] for row in told] == [unseal(record.headers).event_id for record in records]


async def test_a_field_that_this_version_does_not_know_is_no_hindrance(console: ServiceUnderTest):
    (first, *_) = whole_journey()
    newer = replace(first, value=first.value[:-1] + b',"ward_wish":"quiet"}')

    await take(console, [newer])

    assert await console.sql("SELECT count(*) AS events FROM event") == [{"events": 1}]


def queued(patient_id: UUID, request_id: UUID) -> AdmissionQueued:
    return AdmissionQueued(
        request_id=request_id,
        patient_id=patient_id,
        specialty="cardiology",
        campus_id="main",
        tier=1,
        queued_at=AFTERNOON,
        aggregate_version=1,
    )


def reserved(patient_id: UUID, stay_id: UUID) -> BedReserved:
    return BedReserved(
        stay_id=stay_id,
        patient_id=patient_id,
        bed_id="main/M-CA/05/2",
        ward_id="M-CA",
        campus_id="main",
        held_until=AFTERNOON,
        aggregate_version=1,
    )


def released(patient_id: UUID, stay_id: UUID) -> BedReleased:
    return BedReleased(
        stay_id=stay_id,
        patient_id=patient_id,
        bed_id="main/M-CA/05/2",
        ward_id="M-CA",
        released_at=AFTERNOON,
        aggregate_version=3,
    )


async def waiting(console: ServiceUnderTest) -> int:
    async with console.database.work() as work:
        return await queries.waiting(work)
