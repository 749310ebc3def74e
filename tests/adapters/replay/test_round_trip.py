"""What was recorded comes back byte for byte on Apache Kafka; what is spoilt is named before anything is sent."""

import shutil

import pytest

from shared.broker import Topic
from shared.lanes import Lane
from shared.provisioning import create_topics
from shared.replay.pace import Pace
from shared.replay.plan import plan
from shared.replay.player import play
from shared.replay.reading import verify
from shared.replay.recorder import record
from shared.replay.recording import Entry, RecordingFailed, entry_of, line_of
from shared.replay.writing import part_file
from tests.adapters.replay.hospital import ODD, lane, patients, silently

FULL_SPEED = None


async def replayed(hospital, path, into, **wishes):
    """Play at full speed; how many records were sent."""
    return await play(plan(hospital.wishes(path, into, **wishes)), Pace(FULL_SPEED), silently)


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_line_gives_back_the_very_record(odd):
    for timestamp_type in (0, 1):
        entry = Entry("topic", 3, 2**40, 0, timestamp_type, *odd)
        assert entry_of(line_of(entry)) == entry


async def test_everything_that_kafka_holds_comes_back_byte_for_byte(hospital):
    times = [(*odd, 1_600_000_000_000 + number) for number, odd in enumerate(ODD)]
    for partition in range(3):
        await hospital.put(times[partition:] + times[:partition], partition)
    path, into = await hospital.recorded(), lane()
    assert await replayed(hospital, path, into, as_it_is=True) == 3 * len(ODD)
    before, after = await hospital.kept(), await hospital.kept(into)
    assert before == after
    assert len(before[0]) == len(ODD)


async def test_the_time_that_a_broker_has_set_is_recorded_as_such(hospital, apache_kafka):
    hospital.topic = apache_kafka.new_topic("appended", partitions=1, message_timestamp_type="LogAppendTime")
    await hospital.put(ODD[:2])
    entries = list(verify(await hospital.recorded()).entries())
    assert [entry.timestamp_type for entry in entries] == [1, 1]


async def test_records_of_all_partitions_stand_in_the_order_of_time(hospital):
    await hospital.put(patients(60))
    entries = list(verify(await hospital.recorded()).entries())
    assert [entry.timestamp for entry in entries] == sorted(entry.timestamp for entry in entries)
    assert len({entry.partition for entry in entries}) == 3


async def test_what_arrives_while_it_records_is_not_in_it(hospital):
    await hospital.put(patients(5))
    path = await hospital.recorded()
    await hospital.put(patients(5))
    recording = verify(path)
    assert recording.trailer.records == 5
    assert recording.head.most == 5


async def test_a_recording_that_was_cut_goes_on_where_it_stopped(hospital, monkeypatch):
    monkeypatch.setattr("shared.replay.writing.FRAME_BYTES", 2_000)
    await hospital.put(patients(240))
    whole = await hospital.recorded("whole")
    cut = hospital.folder / "cut"
    content = whole.read_bytes()
    for share in (0.0, 0.2, 0.5, 0.9):
        part_file(cut).write_bytes(content[: int(len(content) * share)])
        await hospital.recorded("cut")
        assert list(verify(cut).entries()) == list(verify(whole).entries())
        assert verify(cut).trailer == verify(whole).trailer or share == 0.0
        cut.unlink()


async def test_a_spoilt_file_is_named_with_what_is_wrong(hospital):
    await hospital.put(patients(50))
    path = await hospital.recorded()
    content = path.read_bytes()
    spoilt = hospital.folder / "spoilt"
    for bytes_, words in (
        (content[:-200], "cut off"),
        (content[: len(content) // 2], "cut off"),
        (content[:100] + bytes([content[100] ^ 1]) + content[101:], "altered"),
        (b"PK\x03\x04" + content, "no recording"),
        (b"", "no recording"),
    ):
        spoilt.write_bytes(bytes_)
        with pytest.raises(RecordingFailed, match=words):
            plan(hospital.wishes(spoilt, lane()))
    shutil.copy(path, part_file(hospital.folder / "half"))
    with pytest.raises(RecordingFailed, match="unfinished"):
        plan(hospital.wishes(hospital.folder / "half", lane()))


async def test_a_missing_topic_is_named_and_no_file_begun(hospital):
    path = hospital.folder / "day"
    with pytest.raises(RecordingFailed, match="no topic nowhere-events"):
        await record(hospital.bootstrap, [hospital.topic, "nowhere-events"], Lane(), path, silently)
    assert list(hospital.folder.iterdir()) == []


async def test_nothing_is_sent_where_a_type_is_unknown_or_partitions_differ(hospital):
    await hospital.put([*patients(3), (b"k", b"{}", (("ce_type", b"beds.bed-painted.v1"),)), (b"k", b"{}", ())])
    path, into = await hospital.recorded(), lane()
    with pytest.raises(RecordingFailed, match=r"unknown types .*no ce_type.*: 1, beds.bed-painted.v1: 1"):
        plan(hospital.wishes(path, into))
    assert plan(hospital.wishes(path, into, as_it_is=True)).records == 5
    create_topics(hospital.bootstrap, [Topic(Lane(into).topic(hospital.topic), partitions=4)])
    with pytest.raises(RecordingFailed, match="has 4, the recording 3"):
        plan(hospital.wishes(path, into, as_it_is=True))
    assert await hospital.kept(into) == {partition: [] for partition in range(4)}


async def test_its_own_source_is_refused(hospital):
    await hospital.put(patients(3))
    path = await hospital.recorded()
    with pytest.raises(RecordingFailed, match="recorded from"):
        plan(hospital.wishes(path, None))
