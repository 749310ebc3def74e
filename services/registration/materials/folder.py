"""The object store on a filesystem: what one process writes is there whole for all, or not at all.

Invariant: a file under its name is complete and on disk; what is half written has another name and is written anew.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.registration.materials.ports import Unavailable
from shared.ids import new_id

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in a directory, two levels deep so that none of them grows large. Keys are ids, never names."""

    root: Path

    async def put(self, key: str, content: AsyncIterator[bytes], media_type: str) -> None:  # noqa: ARG002
        """Write beside, sync, rename, sync the directory. Raises `Unavailable`."""
        place = self.place(key)
        beside = place.with_name(f"{key}.{new_id()}.part")
        try:
            await asyncio.to_thread(place.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(beside.open, "wb") as file:
                async for piece in content:
                    await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_sync, file)
            await asyncio.to_thread(_rename, beside, place)
        except OSError:
            raise Unavailable("the directory of materials cannot be written") from None
        finally:
            beside.unlink(missing_ok=True)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises `Unavailable`."""
        try:
            with await asyncio.to_thread(self.place(key).open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                    yield piece
        except OSError:
            raise Unavailable("the file of the material cannot be read") from None

    def place(self, key: str) -> Path:
        """Where the file of a key lies, or would."""
        return self.root / key[-2:] / key


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _rename(beside: Path, place: Path) -> None:
    beside.replace(place)
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
