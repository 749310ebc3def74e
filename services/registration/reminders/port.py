"""How a reminder leaves the house: one way a channel, each behind the same question."""

from collections.abc import Mapping
from typing import Protocol

from services.registration.patients.model import ContactChannel
from services.registration.reminders.message import Message
from services.registration.reminders.model import Result


class Sender(Protocol):
    """One way out. Answers what came of it; whatever it raises counts as unknown: it may have left."""

    async def send(self, message: Message) -> Result:
        """Send it, once."""
        ...


Senders = Mapping[ContactChannel, Sender]
"""The way out of each channel; a channel without one is answered for by `Result.NO_CHANNEL`."""
