"""What is played, how fast, and how it is changed on the way."""

import asyncio
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from shared.broker import PRODUCTION_MARK, Topic
from shared.codec import decode
from shared.envelope import Origin, unseal
from shared.ids import new_id
from shared.lanes import Lane
from shared.provisioning import create_topics
from shared.replay.pace import Pace
from shared.replay.plan import changes_of, plan
from shared.replay.player import play
from shared.replay.recording import RecordingFailed
from shared.replay.selection import OffsetRange, Selection
from tests.adapters.replay.hospital import BEGAN, deceased, event_record, lane, patients, registered, silently
from tests.support.waiting import until

FULL_SPEED = None


async def played(hospital, path: Path, **wishes) -> list[tuple]:
    """What a fresh lane holds after a replay at full speed, in the order of time."""
    into = lane()
    await play(plan(hospital.wishes(path, into, **wishes)), Pace(FULL_SPEED), silently)
    return sorted(one for records in (await hospital.kept(into)).values() for one in records)


def ids(record: tuple) -> tuple[str, str, str]:
    """Id, correlation and causation of a record."""
    headers = {name: value.decode() for name, value in record[4]}
    return headers["ce_id"], headers["correlationid"], headers["causationid"]


async def test_records_are_chosen_by_time_offset_key_and_type(hospital):
    some = patients(10)
    await hospital.put(some, partition=0)
    await hospital.put([event_record(deceased(new_id()), BEGAN + timedelta(hours=1))], partition=1)
    path = await hospital.recorded()
    keys = (some[3][0], some[4][0])
    since, until = BEGAN + timedelta(seconds=2), BEGAN + timedelta(seconds=5)
    for selection, number in (
        (Selection(since=since, until=until), 3),
        (Selection(offsets=(OffsetRange(hospital.topic, 0, 4, 6),)), 3),
        (Selection(keys=keys), 2),
        (Selection(types=("*.patient-deceased.v1",)), 1),
        (Selection(types=("registration.patient-registered.*",), keys=keys, since=BEGAN + timedelta(seconds=4)), 1),
        (Selection(topics=(hospital.topic,)), 11),
    ):
        assert len(await played(hospital, path, selection=selection)) == number
    with pytest.raises(RecordingFailed, match="nothing in the recording is chosen"):
        plan(hospital.wishes(path, lane(), selection=Selection(types=("beds.*",))))


async def test_a_patient_s_closure_follows_correlation_and_causation_and_leaves_others_out(hospital):
    patient, relative, other = new_id(), new_id(), new_id()
    first = event_record(registered(patient), BEGAN)
    cause = Origin(correlation_id="visit-1", causation_id=dict(first[2])["ce_id"].decode())
    brought = event_record(registered(relative), BEGAN + timedelta(minutes=1), cause)
    same_visit = Origin(correlation_id="visit-1", causation_id="command:1")
    before = event_record(deceased(relative, 3), BEGAN - timedelta(minutes=1), same_visit)
    await hospital.put([before, first, brought, event_record(registered(other), BEGAN + timedelta(minutes=2))])
    path = await hospital.recorded()
    found = await played(hospital, path, patients=(str(patient),))
    assert [one[2] for one in found] == [str(each).encode() for each in (relative, patient, relative)]


async def test_everything_is_later_by_one_delta_and_a_birth_month_stays(hospital):
    await hospital.put([event_record(registered(new_id()), BEGAN), event_record(deceased(new_id()), BEGAN)])
    path = await hospital.recorded()
    to = BEGAN + timedelta(days=2000)
    for timestamp, _, _, value, headers in await played(hospital, path, shift_to=to):
        envelope = unseal(headers)
        event = decode(envelope.type, value)
        assert envelope.time == to
        assert timestamp == round(to.timestamp() * 1000)
        if envelope.type == "registration.patient-deceased.v1":
            assert event.deceased_on == date(2026, 3, 2) + timedelta(days=2000)
        else:
            assert (event.registered_at, event.birth_month) == (to, date(1970, 5, 1))


async def test_times_in_the_future_are_refused_where_the_topic_would_refuse_them(hospital):
    await hospital.put(patients(2))
    path, into = await hospital.recorded(), lane()
    create_topics(hospital.bootstrap, [Topic(Lane(into).topic(hospital.topic), partitions=3)])
    with pytest.raises(RecordingFailed, match="in the future"):
        plan(hospital.wishes(path, into, shift_to=datetime(2150, 1, 1, tzinfo=BEGAN.tzinfo)))


async def test_masked_ids_are_others_and_the_same_for_the_same(hospital):
    patient = new_id()
    cause = Origin(correlation_id=str(new_id()), causation_id=str(new_id()))
    times = [BEGAN + timedelta(minutes=minute) for minute in range(3)]
    records = [event_record(registered(patient, version), at, cause) for version, at in enumerate(times, start=1)]
    await hospital.put(records)
    found = await played(hospital, await hospital.recorded(), mask=True)
    masked = {decode("registration.patient-registered.v1", one[3]).patient_id for one in found}
    assert len(masked) == 1
    assert patient not in masked
    assert {one[2] for one in found} == {str(masked.pop()).encode()}
    assert len({ids(one)[1] for one in found}) == 1
    assert cause.correlation_id not in {ids(one)[1] for one in found}
    assert str(patient) not in json.dumps([[str(part) for part in one] for one in found])


async def test_new_ids_belong_to_the_run_and_keep_who_caused_whom(hospital):
    first = event_record(registered(new_id()), BEGAN)
    cause = Origin(correlation_id=dict(first[2])["correlationid"].decode(), causation_id=ids_of_sent(first))
    await hospital.put([first, event_record(deceased(new_id()), BEGAN + timedelta(minutes=1), cause)])
    path = await hospital.recorded()
    again, same, other = [await played(hospital, path, new_ids=True, run=run) for run in ("a", "a", "b")]
    assert list(map(ids, again)) == list(map(ids, same)) != list(map(ids, other))
    assert ids(again[1])[1:] == (ids(again[0])[1], ids(again[0])[0])
    assert ids((await played(hospital, path))[0])[0] == ids_of_sent(first)


def ids_of_sent(record: tuple) -> str:
    """The id of a record that has not been sent yet."""
    return dict(record[2])["ce_id"].decode()


async def test_an_event_of_an_older_schema_is_written_anew_and_a_wrong_one_is_named(hospital):
    good = event_record(registered(new_id()), BEGAN)
    spaced = json.dumps(json.loads(good[1]) | {"left_by_a_later_version": 1}).encode()
    await hospital.put([(good[0], spaced, *good[2:])])
    path = await hospital.recorded()
    assert [one[3] for one in await played(hospital, path)] == [spaced]
    planned = plan(hospital.wishes(path, lane()))
    head = planned.recording.head
    older = head.schemas | {"registration.patient-registered.v1": "another"}
    change = changes_of(planned.wishes, head.model_copy(update={"schemas": older}), planned.run)
    assert [change(entry).value for entry in planned.entries()] == [good[1]]
    await hospital.put([(good[0], good[1].replace(b'"F"', b"7"), *good[2:])])
    with pytest.raises(RecordingFailed, match=r"offset \d+: .*sex:string_type"):
        await played(hospital, await hospital.recorded("wrong"))


async def test_production_is_asked_about_twice(hospital, apache_kafka):
    await hospital.put(patients(2))
    path = await hospital.recorded()
    create_topics(hospital.bootstrap, [Topic(PRODUCTION_MARK, partitions=1)])
    try:
        with pytest.raises(RecordingFailed, match="--yes-production"):
            plan(hospital.wishes(path, lane()))
        assert plan(hospital.wishes(path, lane(), yes_production=True)).records == 2
    finally:
        apache_kafka.delete_topic(PRODUCTION_MARK)


async def test_it_keeps_the_recorded_distances_at_1x_and_cuts_long_gaps(hospital):
    await hospital.put(patients(4, seconds=0.3), partition=0)
    path = await hospital.recorded()
    for pace, seconds in ((Pace(1.0), 0.9), (Pace(3.0), 0.3), (Pace(1.0, max_gap_seconds=0.1), 0.3)):
        began = monotonic()
        await play(plan(hospital.wishes(path, lane())), pace, silently)
        assert monotonic() - began >= seconds - 0.01


async def test_paused_it_sends_one_record_a_step_and_goes_on_where_it_stood(hospital):
    await hospital.put(patients(20, seconds=3600), partition=0)
    path, into = await hospital.recorded(), lane()
    pace = Pace(1.0, paused=True)
    playing = asyncio.create_task(play(plan(hospital.wishes(path, into)), pace, silently))
    for number in range(1, 4):
        pace.step()
        await _holds(hospital, into, number)
    pace.go_ahead(3600 * 6)
    pace.pause_or_go_on()
    await _holds(hospital, into, 3 + 1 + 6)
    assert not playing.done()
    pace.go_ahead(3600 * 20)
    assert await playing == 20


async def _holds(hospital, into: str, number: int) -> None:
    async def holds() -> bool:
        return sum(map(len, (await hospital.kept(into)).values())) == number

    await until(holds, seconds=30)


async def test_a_run_is_gone_on_with_only_as_it_was_begun(hospital):
    await hospital.put(patients(6))
    path, into = await hospital.recorded(), lane()
    planned = plan(hospital.wishes(path, into, run="monday", mask=True))
    planned.file.write(planned.run.model_copy(update={"sent": 4}))
    again = plan(hospital.wishes(path, into, run="monday", mask=True))
    assert (again.run.sent, again.run.secret) == (4, planned.run.secret)
    with pytest.raises(RecordingFailed, match="--mask"):
        plan(hospital.wishes(path, into, run="monday"))
    assert await play(again, Pace(FULL_SPEED), silently) == 2
    assert not list((hospital.folder / "runs").iterdir())
