"""The file under a recording: whole zstd frames of lines, one after the other.

Invariant: a frame is on the disk before the next one begins, so that a cut loses its last frame at most; what follows
the last whole frame is known to be cut off, and what does not fit its checksum to be altered.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

FRAME_BYTES = 2 * 1024 * 1024
READ_BYTES = 256 * 1024
MAGIC = b"\x28\xb5\x2f\xfd"


class CutOff(ValueError):
    """The file ends within a frame."""


class Altered(ValueError):
    """A frame is not what was written."""


class FrameWriter:
    """Adds frames at the end of an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)

    def write(self, lines: bytes | bytearray) -> None:
        """Write lines as one frame, to the disk."""
        self._file.write(self._compressor.compress(lines))
        self._file.flush()
        os.fsync(self._file.fileno())


def frames(path: Path) -> Iterator[tuple[bytes, int]]:
    """Each frame's content, and where in the file it ends. Raises `CutOff`, `Altered`, or `OSError`."""
    with path.open("rb") as file:
        rest, position = b"", 0
        while chunk := rest or file.read(READ_BYTES):
            content, rest, taken = _frame(file, chunk)
            position += taken
            yield content, position


def _frame(file: BinaryIO, chunk: bytes) -> tuple[bytes, bytes, int]:
    """One frame that begins with `chunk`: its content, what was read behind it, and its length."""
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    content, read = bytearray(), len(chunk)
    try:
        content += decompressor.decompress(chunk)
        while not decompressor.eof:
            chunk = file.read(READ_BYTES)
            if not chunk:
                raise CutOff
            read += len(chunk)
            content += decompressor.decompress(chunk)
    except zstandard.ZstdError:
        raise Altered from None
    rest = decompressor.unused_data
    return bytes(content), rest, read - len(rest)
