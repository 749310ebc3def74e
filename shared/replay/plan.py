"""What a replay is going to do, and every reason not to: all of it known before the first record is sent.

Invariant: nothing here writes to a broker.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from shared.broker import TOPICS as SUITE
from shared.broker import Topic
from shared.clock import wall_now
from shared.lanes import Lane
from shared.messages import EVENTS
from shared.replay.changes import Change, Checked, Masked, NewIds, Shifted, all_of
from shared.replay.closure import closure_of
from shared.replay.cluster import Cluster, look, times_ahead_ms
from shared.replay.reading import Recording, verify
from shared.replay.recorder import schema_hashes
from shared.replay.recording import TOMBSTONE, Entry, Head, RecordingFailed, kind_of
from shared.replay.run import Run, RunFile
from shared.replay.selection import Selection, milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody wants played. `shift_to` is when the first record is to have happened; None leaves times alone."""

    path: Path
    bootstrap: str
    run: str
    runs: Path
    lane: Lane = field(default_factory=Lane)
    selection: Selection = field(default_factory=Selection)
    patients: tuple[str, ...] = ()
    shift_to: datetime | None = None
    mask: bool = False
    new_ids: bool = False
    as_it_is: bool = False
    yes_production: bool = False

    def asked(self, recording: Recording, cluster: Cluster) -> dict[str, str]:
        """Everything that decides what is sent where, for the run's memory."""
        return {
            "recording": recording.trailer.sha256,
            "cluster": cluster.id,
            "lane": self.lane.name or "",
            "selection": str(self.selection),
            "--closure": " ".join(self.patients),
            "--shift-to": str(self.shift_to is not None),
            "--mask": str(self.mask),
            "--new-ids": str(self.new_ids),
            "--as-it-is": str(self.as_it_is),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is going to be sent: `topics` counts by recorded name; `new_topics` are made first."""

    wishes: Wishes
    recording: Recording
    selection: Selection
    run: Run
    file: RunFile
    change: Change
    topics: Counter[str]
    new_topics: tuple[Topic, ...]
    partitions: dict[str, int]
    first_timestamp: int | None
    last_timestamp: int | None

    @property
    def records(self) -> int:
        """How many."""
        return self.topics.total()

    def entries(self) -> Iterator[Entry]:
        """The chosen records as they were recorded, in order."""
        if self.selection.is_everything:
            return self.recording.entries()
        return (entry for entry in self.recording.entries() if self.selection.holds(entry))


@dataclass(slots=True)
class Chosen:
    """What the selection comes to."""

    topics: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    last: int | None = None


def plan(wishes: Wishes) -> Plan:
    """Look at the recording and the target. Raises `RecordingFailed`, naming what stands against it and the remedy."""
    recording = verify(wishes.path)
    cluster = look(wishes.bootstrap)
    _refuse(wishes, recording, cluster)
    selection = wishes.selection
    if wishes.patients:
        selection = replace(selection, places=closure_of(wishes.patients, recording.entries))
    chosen = _chosen(recording, selection)
    if not wishes.as_it_is:
        _know(chosen.types)
    file = RunFile(wishes.runs, wishes.run)
    run = file.read(wishes.asked(recording, cluster)) or _new_run(wishes, recording, selection, cluster)
    new_topics = _new_topics(wishes, recording, chosen, cluster)
    _times(wishes, run, chosen, cluster)
    return Plan(
        wishes=wishes,
        recording=recording,
        selection=selection,
        run=run,
        file=file,
        change=changes_of(wishes, recording.head, run),
        topics=chosen.topics,
        new_topics=new_topics,
        partitions={topic.name: topic.partitions for topic in recording.head.topics},
        first_timestamp=chosen.first,
        last_timestamp=chosen.last,
    )


def _refuse(wishes: Wishes, recording: Recording, cluster: Cluster) -> None:
    head = recording.head
    if (head.cluster, head.lane) == (cluster.id, wishes.lane.name):
        raise RecordingFailed(
            "these are the very topics that it was recorded from: give --lane NAME or another --kafka"
        )
    if cluster.is_production and not wishes.yes_production:
        raise RecordingFailed(f"{wishes.bootstrap} is marked as production: add --yes-production if you mean it")
    if wishes.as_it_is and wishes.shift_to is not None:
        raise RecordingFailed("--as-it-is changes nothing: leave it out to shift in time")


def _chosen(recording: Recording, selection: Selection) -> Chosen:
    trailer = recording.trailer
    if selection.is_everything:
        return Chosen(Counter(trailer.topics), Counter(trailer.types), trailer.first_timestamp, trailer.last_timestamp)
    chosen = Chosen()
    for entry in filter(selection.holds, recording.entries()):
        chosen.topics[entry.topic] += 1
        chosen.types[kind_of(entry)] += 1
        chosen.first = entry.timestamp if chosen.first is None else min(chosen.first, entry.timestamp)
        chosen.last = entry.timestamp if chosen.last is None else max(chosen.last, entry.timestamp)
    if not chosen.topics:
        raise RecordingFailed("nothing in the recording is chosen: see `journey replay verify FILE` for what it holds")
    return chosen


def _know(types: Counter[str]) -> None:
    unknown = {name or "(no ce_type)": records for name, records in types.items() if name not in {*EVENTS, TOMBSTONE}}
    if unknown:
        named = ", ".join(f"{name}: {records}" for name, records in sorted(unknown.items()))
        raise RecordingFailed(f"unknown types ({named}): choose others with --type, or play --as-it-is")


def _new_run(wishes: Wishes, recording: Recording, selection: Selection, cluster: Cluster) -> Run:
    shift_seconds = None
    if wishes.shift_to is not None:
        first = next(filter(selection.holds, recording.entries()), None)
        shift_seconds = (wishes.shift_to - first.happened_at).total_seconds() if first else 0.0
    return Run(
        name=wishes.run,
        asked=wishes.asked(recording, cluster),
        shift_seconds=shift_seconds,
        secret=secrets.token_hex(),
    )


def _new_topics(wishes: Wishes, recording: Recording, chosen: Chosen, cluster: Cluster) -> tuple[Topic, ...]:
    """What has to be made. Raises `RecordingFailed` for topics that are not there or not alike."""
    known = {topic.name: topic for topic in SUITE}
    new, missing, different = [], [], []
    for topic in recording.head.topics:
        if wishes.lane.name is None and topic.name not in chosen.topics:
            continue
        name = wishes.lane.topic(topic.name)
        partitions = cluster.partitions.get(name)
        if partitions is None and wishes.lane.name is None:
            missing.append(name)
        elif partitions is None:
            like = known.get(topic.name, Topic(topic.name))
            new.append(replace(like.within(wishes.lane), partitions=topic.partitions))
        elif partitions != topic.partitions:
            different.append(f"{name} has {partitions}, the recording {topic.partitions}")
    if missing:
        raise RecordingFailed(f"no topic {', '.join(missing)}: make them with `journey topics create`, or give --lane")
    if different:
        raise RecordingFailed(f"partitions differ ({'; '.join(different)}): give another --lane, or make them alike")
    return tuple(new)


def _times(wishes: Wishes, run: Run, chosen: Chosen, cluster: Cluster) -> None:
    """Whether the topics that are there take records so far in the future."""
    last = (chosen.last or 0) + round((run.shift_seconds or 0.0) * 1000)
    ahead = last - milliseconds(wall_now())
    if ahead <= 0:
        return
    there = [wishes.lane.topic(name) for name in chosen.topics if wishes.lane.topic(name) in cluster.partitions]
    limits = times_ahead_ms(wishes.bootstrap, there)
    refusing = [name for name, limit in limits.items() if limit < ahead]
    if refusing:
        raise RecordingFailed(
            f"{', '.join(refusing)} would refuse times {timedelta(milliseconds=ahead)} in the future: shift less, "
            "or give a --lane of its own"
        )


def changes_of(wishes: Wishes, head: Head, run: Run) -> Change:
    """What is done to every record: events of a type whose schema has changed since are written anew."""
    changes: list[Change] = []
    if not wishes.as_it_is:
        today = schema_hashes()
        changes.append(Checked(frozenset(name for name in today if head.schemas.get(name, today[name]) != today[name])))
    if run.shift_seconds is not None:
        changes.append(Shifted(timedelta(seconds=run.shift_seconds)))
    if wishes.mask:
        changes.append(Masked(bytes.fromhex(run.secret)))
    if wishes.new_ids:
        changes.append(NewIds(run.name))
    return all_of(changes)
