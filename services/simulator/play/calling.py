"""Calling who has checked in: a desk calls after a third of the recorded visit, and has its patient until the end.

Ours: a recording says from when to when a patient was there, and not how long of it they waited. Whose turn it is, is
the queue's to say: the desk may be given somebody else.
"""

from collections import defaultdict
from datetime import datetime
from itertools import count
from typing import Any

from services.simulator.play.suite import Suite
from services.simulator.reading.model import Encounter

CLINICIAN = "clinician"
WAITED = 3
"""One in so many parts of a visit is spent waiting."""


class Calling:
    """The desks of all sessions."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._session: dict[str, str] = {}
        self._desks: dict[str, dict[str, str]] = defaultdict(dict)

    def arrived(self, arrival: dict[str, Any]) -> None:
        """The patient has checked in."""
        self._session[arrival["appointment_id"]] = arrival["session_id"]

    async def call(self, appointment_id: str) -> None:
        """A free desk calls, unless the patient whom it expects has been called already."""
        session_id = self._session[appointment_id]
        desks = self._desks[session_id]
        if appointment_id in desks:
            return
        desk = next(str(number) for number in count(1) if str(number) not in desks.values())
        path, wish = f"/sessions/{session_id}/calls", f"call for {appointment_id}"
        called = await self._suite.command("registration", path, {"desk": desk}, role=CLINICIAN, wish=wish)
        desks[called["appointment_id"]] = desk

    def ended(self, appointment_id: str) -> None:
        """The patient has been seen; the desk is free."""
        self._desks[self._session.pop(appointment_id)].pop(appointment_id, None)


def called_at(visit: Encounter) -> datetime:
    """When a desk is ready for the visit."""
    return visit.started_at + (visit.stopped_at - visit.started_at) / WAITED
