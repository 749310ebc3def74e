"""What materials need from outside: a scanner and a place for bytes. The adapters are `clamd`, `folder` and `s3`."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What a scan has found."""

    CLEAN = "clean"
    INFECTED = "infected"


class Unavailable(ConnectionError):
    """The scanner or the store is away, or has not said what it must; the next scan tries it again."""


class Scanner(Protocol):
    """Looks for malware."""

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        """The verdict about some bytes. Raises `Unavailable`."""


class ObjectStore(Protocol):
    """Keeps bytes under a key of ids. Keys are never given out twice for other bytes, so that writing again is safe."""

    async def put(self, key: str, content: AsyncIterator[bytes], media_type: str) -> None:
        """Write all of it or nothing, durably. Raises `Unavailable`."""

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises `Unavailable`, also where nothing has the key."""
