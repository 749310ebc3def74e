"""Reminders into a file, a JSON object a line, for a gateway of the house to pick up; the default way out.

Invariant: a line is whole or not there. The file holds addresses: it is made readable for its owner alone.
"""

import asyncio
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from services.registration.reminders.message import Message
from services.registration.reminders.model import Result


@dataclass(frozen=True, slots=True)
class FileSender:
    """Appends to `path`."""

    path: Path

    async def send(self, message: Message) -> Result:
        """Write one line; a disk that refuses is tried again later."""
        try:
            await asyncio.to_thread(self._append, _line(message))
        except OSError:
            return Result.DEFERRED
        return Result.SENT

    def _append(self, line: bytes) -> None:
        """One write to a file that is open for appending: lines of several processes do not mix."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("a part of a line was written")
        finally:
            os.close(descriptor)


def _line(message: Message) -> bytes:
    """The driver's UUIDs are of a class of their own, which the encoder does not take."""
    return orjson.dumps(asdict(message) | {"message_id": str(message.message_id)}) + b"\n"
