"""A recording being written: to `FILE.part`, which becomes `FILE` with its trailer.

Invariant: a file without `.part` is whole. One with it can be gone on with: what it holds is read again, and what its
last frame lost is recorded again.
"""

import hashlib
import os
from collections import Counter
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from shared.replay.frames import FRAME_BYTES, Altered, CutOff, FrameWriter, frames
from shared.replay.recording import (
    Entry,
    Head,
    RecordingFailed,
    Trailer,
    entry_of,
    kind_of,
    line_of,
    part_line,
    part_of,
)

FRAME_SECONDS = 5.0
"""A slow recording is written out this often."""


def part_file(path: Path) -> Path:
    """Where the unfinished recording lies."""
    return path.with_name(f"{path.name}.part")


class Writing:
    """Writes one recording; use as a context. `positions` says which offset of a topic's partition comes next."""

    def __init__(self, path: Path, head: Head) -> None:
        if path.exists():
            raise RecordingFailed(f"{path} exists: give another name, or delete it")
        self.head = head
        self.positions = {
            (topic.name, partition): begin for topic in head.topics for partition, begin in enumerate(topic.begins)
        }
        self.records = 0
        self._path = path
        self._topics: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._first: int | None = None
        self._last: int | None = None
        self._hash = hashlib.sha256()
        self._lines = bytearray()
        self._written_at = monotonic()
        end = self._go_on()
        self._file = part_file(path).open("r+b" if end else "wb")
        self._file.truncate(end)
        self._file.seek(end)
        self._frames = FrameWriter(self._file)
        if not end:
            self._lines += part_line("recording", head)
            self._write_frame()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write out what there is; it can be gone on with."""
        if not self._file.closed:
            self._write_frame()
            self._file.close()

    def add(self, entry: Entry) -> None:
        """Add a record. Its offset has to be the next of its partition, or a later one."""
        self._lines += line_of(entry)
        self._count(entry)
        if len(self._lines) >= FRAME_BYTES or monotonic() > self._written_at + FRAME_SECONDS:
            self._write_frame()

    def finish(self) -> Trailer:
        """Write the trailer and give the file its name."""
        self._write_frame()
        trailer = Trailer(
            records=self.records,
            topics=dict(self._topics),
            types=dict(self._types),
            first_timestamp=self._first,
            last_timestamp=self._last,
            sha256=self._hash.hexdigest(),
        )
        self._frames.write(part_line("trailer", trailer))
        self._file.close()
        part_file(self._path).rename(self._path)
        folder = os.open(self._path.absolute().parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return trailer

    def _write_frame(self) -> None:
        if self._lines:
            self._hash.update(self._lines)
            self._frames.write(self._lines)
            self._lines.clear()
        self._written_at = monotonic()

    def _count(self, entry: Entry) -> None:
        self.records += 1
        self._topics[entry.topic] += 1
        self._types[kind_of(entry)] += 1
        self._first = entry.timestamp if self._first is None else min(self._first, entry.timestamp)
        self._last = entry.timestamp if self._last is None else max(self._last, entry.timestamp)
        self.positions[entry.topic, entry.partition] = entry.offset + 1

    def _go_on(self) -> int:
        """Read what an earlier, cut recording left. Where its last whole frame ends; 0 when there is none."""
        end = 0
        if not part_file(self._path).exists():
            return end
        try:
            for content, end_of_frame in frames(part_file(self._path)):
                self._take_again(content, first=end == 0)
                end = end_of_frame
        except (CutOff, Altered):
            pass
        return end

    def _take_again(self, content: bytes, *, first: bool) -> None:
        lines = content.splitlines()
        if first:
            self.head = self._same_head(lines.pop(0))
        if lines and part_of("trailer", Trailer, lines[0]):
            raise RecordingFailed(f"{part_file(self._path)} is whole: rename it to {self._path}")
        self._hash.update(content)
        for line in lines:
            self._count(entry_of(line))

    def _same_head(self, line: bytes) -> Head:
        """The bounds stay those of the first attempt."""
        begun: Head | None = part_of("recording", Head, line)
        asked = {topic.name for topic in self.head.topics}
        if (
            begun is None
            or (begun.cluster, begun.lane) != (self.head.cluster, self.head.lane)
            or asked != {topic.name for topic in begun.topics}
        ):
            raise RecordingFailed(
                f"{part_file(self._path)} was begun with other topics or another cluster: go on there, or delete it"
            )
        return begun
