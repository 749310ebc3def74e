"""A backup file: SQL that any psql can run, with a first line that says what it is; gzip inside, age around.

`age -d -i KEY FILE | gunzip | psql` restores it without us. Beside it lies `FILE.sha256`, as `sha256sum` writes it.

Invariants: a file appears under its name when it is whole; it is read to its end, and so proven unaltered, before
anybody acts on what it holds; nothing unencrypted is ever written to disk.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pyrage
from pyrage.x25519 import Identity, Recipient

from deploy.backup.faults import BackupFailed

FORMAT: Final = 1
MARK: Final = "-- carejourney backup "
GZIP: Final = 31
LONGEST_HEAD: Final = 1 << 20
BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a backup holds. `taken_at` is wall time; `tables` is the state hash (`shared.fingerprint`)."""

    service: str
    taken_at: str
    revision: str
    postgres: str
    tables: dict[str, str]

    @property
    def rows(self) -> int:
        """How many rows, of all tables."""
        return sum(int(table.partition(":")[0]) for table in self.tables.values())


class Source(Protocol):
    """What can be read to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, none at the end."""


def write(path: Path, head: Head, sql: Source, recipient: Recipient, finished: Callable[[], None]) -> int:
    """Write a backup of `sql` and its checksum; the size in bytes. `finished` raises when the SQL did not end well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            hashed = _Hashing(file)
            pyrage.encrypt_io(_Gzipped(_first_line(head), sql), hashed, [recipient])
            finished()
            file.flush()
            os.fsync(file.fileno())
        path.with_name(f"{path.name}.sha256").write_text(f"{hashed.digest}  {path.name}\n", encoding="ascii")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return hashed.size


def check(path: Path, identity: Identity) -> Head:
    """What the file holds, once all of it has been read and found as it was written."""
    _check_sum(path)
    head = bytearray()

    def keep(block: bytes) -> None:
        if len(head) < LONGEST_HEAD:
            head.extend(block)

    read(path, identity, keep)
    line = bytes(head).split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        body = json.loads(line.removeprefix(MARK)) if line.startswith(MARK) else {}
        if body.pop("format") == FORMAT:
            return Head(**body)
    except (KeyError, TypeError, ValueError):
        pass
    raise BackupFailed(f"{path} is encrypted for this key, but it is no backup of this version's format")


def read(path: Path, identity: Identity, take: Callable[[bytes], None]) -> None:
    """Hand the SQL to `take`, block by block. Raises `BackupFailed` for a wrong key or an altered file."""
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, _Gunzipping(take), [identity])
    except pyrage.DecryptError as failure:
        wrong_key = "No matching keys" in str(failure)
        what = "was made for another key: give the private key of that pair" if wrong_key else "is no backup file"
        raise BackupFailed(f"{path} {what}") from None
    except BrokenPipeError:
        raise
    except (OSError, zlib.error) as failure:
        if isinstance(failure, OSError) and failure.errno is not None:
            raise BackupFailed(f"{path} cannot be read ({failure.strerror})") from None
        raise BackupFailed(f"{path} is not as it was written: take another copy of it") from None


def _check_sum(path: Path) -> None:
    """Compare with the checksum beside the file, where there is one: it tells a bad copy from a wrong key."""
    beside = path.with_name(f"{path.name}.sha256")
    if not path.is_file():
        raise BackupFailed(f"{path} is not there")
    if beside.is_file():
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != beside.read_text(encoding="ascii", errors="replace").split(" ", 1)[0]:
            raise BackupFailed(f"{path} is not as it was written: take another copy of it")


def _first_line(head: Head) -> bytes:
    return f"{MARK}{json.dumps({'format': FORMAT, **asdict(head)})}\n".encode()


class _Gzipped:
    """Reads a first line and then a source, compressed."""

    def __init__(self, first: bytes, source: Source) -> None:
        self._source = source
        self._gzip = zlib.compressobj(wbits=GZIP)
        self._ready = bytearray(self._gzip.compress(first))
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, none at the end."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            block = self._source.read(BLOCK)
            self._ready += self._gzip.compress(block) if block else self._gzip.flush()
            self._ended = not block
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken


class _Gunzipping:
    """Takes what is compressed and hands on what it was."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._gzip = zlib.decompressobj(wbits=GZIP)

    def write(self, block: bytes) -> int:
        """Hand on what can be read by now."""
        self._take(self._gzip.decompress(block))
        return len(block)

    def flush(self) -> None:
        """Everything has been handed on already."""


class _Hashing:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what was written, in hex."""
        return self._sha256.hexdigest()

    def write(self, block: bytes) -> int:
        """Write a block."""
        self._sha256.update(block)
        self.size += len(block)
        return self._file.write(block)

    def flush(self) -> None:
        """Give what was written to the system."""
        self._file.flush()
