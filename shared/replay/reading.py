"""A recording, read: checked whole before anything is done with it, then record by record in flat memory.

Invariant: what is cut off, altered or something else is named before the first record is given away.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shared.replay.frames import MAGIC, Altered, CutOff, frames
from shared.replay.recording import Entry, Head, RecordingFailed, Trailer, entry_of, part_of


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording."""

    path: Path
    head: Head
    trailer: Trailer

    def entries(self) -> Iterator[Entry]:
        """Every record, in the order of the file: that of time, and in each partition that of offsets."""
        try:
            lines = (line for content, _ in frames(self.path) for line in content.splitlines())
            for line in islice(lines, 1, 1 + self.trailer.records):
                yield entry_of(line)
        except (CutOff, Altered):
            raise RecordingFailed(f"{self.path} has changed since it was checked: take another copy") from None


def verify(path: Path) -> Recording:
    """Read the file from end to end. Raises `RecordingFailed`, saying what is wrong with it and where."""
    if not path.is_file():
        part = path.with_name(f"{path.name}.part")
        raise RecordingFailed(
            f"{part} is unfinished: go on with `journey replay record {path}`" if part.exists() else f"no file {path}"
        )
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RecordingFailed(f"{path} is no recording: it does not begin as a zstd file")
    head: Head | None = None
    trailer: Trailer | None = None
    digest, lines = hashlib.sha256(), 0
    try:
        for content, _ in frames(path):
            head = head or _head(path, content)
            trailer = part_of("trailer", Trailer, content)
            if trailer is None:
                digest.update(content)
                lines += content.count(b"\n")
    except CutOff:
        raise _cut(path, lines - 1) from None
    except Altered:
        raise RecordingFailed(f"{path} was altered after record {lines - 1}: take another copy") from None
    if trailer is None or head is None:
        raise _cut(path, lines - 1)
    if (lines - 1, digest.hexdigest()) != (trailer.records, trailer.sha256):
        raise RecordingFailed(
            f"{path} was altered: {lines - 1} records and their SHA-256 do not fit its trailer, which says "
            f"{trailer.records}; take another copy"
        )
    return Recording(path, head, trailer)


def _head(path: Path, content: bytes) -> Head:
    head: Head | None = part_of("recording", Head, content.partition(b"\n")[0])
    if head is None:
        raise RecordingFailed(f"{path} is no recording: its first line is no header")
    return head


def _cut(path: Path, records: int) -> RecordingFailed:
    return RecordingFailed(f"{path} is cut off after {max(0, records)} records: take another copy, or record again")
