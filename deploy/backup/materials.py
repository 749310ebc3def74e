"""Patients' materials beside a backup of registration's database: each is a file of its own, encrypted once.

`age -d -i KEY materials/…/ID.age` brings one back without us. Only a directory is backed up here; a bucket keeps
versions of its own.

Invariants: a material is kept under its name only when its bytes are those that the database says (SHA-256). Materials
are never changed nor removed, and are backed up after the database and brought back before it: whatever a restored
database says is available, is.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

import asyncpg
import pyrage
from pyrage.x25519 import Identity, Recipient

from deploy.backup.dump import connected
from deploy.backup.faults import BackupFailed
from services.registration.materials.folder import Folder
from services.registration.materials.model import State
from shared.ids import new_id

SERVICE: Final = "registration"
FOLDER: Final = "materials"
BLOCK: Final = 1 << 20
AVAILABLE = f"SELECT material_id::text AS key, sha256 FROM material WHERE state = '{State.AVAILABLE}' ORDER BY 1"  # noqa: S608
SAID_AT_ONCE: Final = 3


async def available(url: str) -> dict[str, str]:
    """Material id → SHA-256, of all that registration's database says is available."""
    async with connected(SERVICE, url) as connection:
        try:
            return {row["key"]: row["sha256"] for row in await connection.fetch(AVAILABLE)}
        except asyncpg.UndefinedTableError:
            return {}


def back_up(wanted: dict[str, str], store: Path, directory: Path, recipient: Recipient) -> int:
    """Write what is not below `directory` yet; how many. Raises at the end where the store has not all as it was."""
    kept, unfit = 0, []
    for key, sha256 in wanted.items():
        target = _kept(directory, key)
        if target.exists():
            continue
        try:
            with _opened(store, key) as file, _whole(target) as partial:
                source = _Hashing(file)
                pyrage.encrypt_io(source, partial, [recipient])
                _must_be(source.digest, sha256)
        except _Unfit:
            unfit.append(key)
        else:
            kept += 1
    _refuse(unfit, f"are not in {store} as they were uploaded; everything else is backed up")
    return kept


def check(directory: Path, identity: Identity) -> int:
    """Prove every kept material unaltered; how many there are."""
    found = list(_all_kept(directory))
    with Path(os.devnull).open("wb") as nowhere:
        for path in found:
            _decrypt(path, nowhere, identity)
    return len(found)


def bring_back(directory: Path, store: Path, identity: Identity) -> int:
    """Put what the store has not into it, as its owner's; how many. Nothing that is there is touched."""
    count = 0
    for path in _all_kept(directory):
        place = Folder(store).place(path.stem)
        if place.exists():
            continue
        with _whole(place, owner=store) as partial:
            _decrypt(path, partial, identity)
        count += 1
    return count


def prove(wanted: dict[str, str], store: Path) -> None:
    """Raise unless the store holds every material as the database says."""
    unfit = []
    for key, sha256 in wanted.items():
        try:
            with _opened(store, key) as file:
                _must_be(hashlib.file_digest(file, "sha256").hexdigest(), sha256)
        except _Unfit:
            unfit.append(key)
    remedy = "take altered ones out of it and restore again; where one is missing look for another backup"
    _refuse(unfit, f"are not in {store} as they were uploaded: {remedy}")


class _Unfit(Exception):
    """The store has not the bytes that the database names."""


def _opened(store: Path, key: str) -> BufferedReader:
    try:
        return Folder(store).place(key).open("rb")
    except OSError:
        raise _Unfit from None


def _must_be(found: str, wanted: str) -> None:
    if found != wanted:
        raise _Unfit


def _refuse(unfit: list[str], what: str) -> None:
    if unfit:
        more = ", …" if len(unfit) > SAID_AT_ONCE else ""
        raise BackupFailed(f"{len(unfit)} materials ({', '.join(unfit[:SAID_AT_ONCE])}{more}) {what}")


def _kept(directory: Path, key: str) -> Path:
    return directory / FOLDER / key[-2:] / f"{key}.age"


def _all_kept(directory: Path) -> Iterator[Path]:
    return (directory / FOLDER).glob("*/*.age")


def _decrypt(path: Path, into: BinaryIO, identity: Identity) -> None:
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, into, [identity])
    except (OSError, pyrage.DecryptError):
        raise BackupFailed(f"{path} was made for another key, or is not as it was written") from None


@contextmanager
def _whole(target: Path, owner: Path | None = None) -> Iterator[BinaryIO]:
    """A file that gets its name when all of it is on disk; a new file and its folder belong to whoever has `owner`."""
    made = not target.parent.exists()
    partial = target.with_name(f"{target.name}.{new_id()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if owner is not None and os.geteuid() == 0:
            _hand_over([partial, *([target.parent] if made else [])], owner)
        partial.replace(target)
    except OSError as failure:
        raise BackupFailed(f"{target} cannot be written ({failure.strerror}): give it room, then do it again") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _hand_over(paths: list[Path], owner: Path) -> None:
    for path in paths:
        shutil.chown(path, owner.stat().st_uid, owner.stat().st_gid)


class _Hashing:
    """Reads and hashes what it reads."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of what was read, in hex."""
        return self._sha256.hexdigest()

    def read(self, size: int = BLOCK) -> bytes:
        """At most `size` bytes, none at the end."""
        block = self._file.read(size)
        self._sha256.update(block)
        return block
