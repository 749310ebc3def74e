"""What the clients of a run do on the day of the visit: check in, and be called by two desks that work at once.

Invariant: as in `workload`, what is asked follows from the seed; which desk calls whom does not.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.chaos.asking import STUCK_SECONDS, Asking, Stuck
from tests.chaos.history import Answer, Client
from tests.chaos.world import World

DESK, APP, PLANNER, CLINICIAN = "front-desk", "patient-app", "back-office", "clinician"
CLINIC = "main-queue-1"
OPENS, CLOSES, SLOT_MINUTES, PLACES = "06:30", "12:30", 30, 7
"""The day begins at six: the first two slots can be checked in for at once, and no jump of the clock passes the end."""
SLOTS = 6
DESKS = ("1", "2")
SEE, RECALL, SKIP, AWAY, RETURN, END = "completion", "recall", "skip", "no-show", "return", "end"
SKIP_AND_AWAY, RECALL_AND_SEE = "skip and no-show at once", "recall and completion at once"
FATES = (
    (SEE,),
    (RECALL, SEE),
    (SKIP, SEE),
    (SKIP, RECALL, AWAY),
    (AWAY,),
    (SEE, RETURN, END),
    (SKIP_AND_AWAY, SEE),
    (RECALL_AND_SEE,),
)
"""What happens to somebody who is called, step by step; after `SKIP` and `RETURN` they wait to be called again."""
WAITS_AGAIN = frozenset({SKIP, RETURN})
ENDS = frozenset({AWAY, END})
PAUSE_SECONDS = 0.15


class QueuedPeople:
    """Those who come today, and the two desks that call them."""

    def __init__(
        self, world: World, client: Client, asking: Asking, seeded: Callable[[str], random.Random], people: int
    ) -> None:
        self._world = world
        self._client = client
        self._asking = asking
        self._seeded = seeded
        self._fates = seeded("queue").sample(FATES * (people // len(FATES) + 1), people)
        self._session, self._slots = "", [""]
        self._coming = people
        """Who has not checked in yet, nor stayed away."""
        self._waits = 0
        """Who has checked in and not been called yet, or waits again."""
        self._steps: dict[str, list[str]] = {}

    async def prepare(self, must: Any) -> None:
        """Open today's session. `must` asks until it is granted."""
        line = {"from": OPENS, "to": CLOSES, "slot_minutes": SLOT_MINUTES, "capacity": PLACES}
        week = [{"weekday": day, **line} for day in range(1, 8)]
        clinic = {"campus_id": "main", "specialty": "general-practice", "zone": "UTC", "template": week}
        await must("queue clinic", "registration", f"/clinics/{CLINIC}", clinic, role=PLANNER, method="PUT")
        today = self._world.clock.now().date().isoformat()
        days = {"from_on": today, "to_on": today}
        opened = await must("queue session", "registration", f"/clinics/{CLINIC}/sessions", days, role=PLANNER)
        session = opened.json["sessions"][0]
        begins = datetime.fromisoformat(session["starts_at"])
        step = timedelta(minutes=SLOT_MINUTES)
        self._session = session["session_id"]
        self._slots = [(begins + number * step).isoformat() for number in range(SLOTS)]

    async def want(self, number: int, patient: str) -> None:
        """Book a place today and come."""
        rng = self._seeded(f"queue {number}")
        try:
            appointment = await self._book(number, patient, rng)
            if appointment is not None:
                self._steps[appointment] = list(self._fates[number % len(self._fates)])
                await self._check_in(number, appointment, rng)
                self._waits += 1
        finally:
            self._coming -= 1

    def desks(self) -> list[Coroutine[Any, Any, None]]:
        """Two desks that call as long as somebody comes or waits."""
        return [self._desk(desk) for desk in DESKS]

    async def _book(self, number: int, patient: str, rng: random.Random) -> str | None:
        """One of the first two slots; where both are over or full, the next."""
        for slot in (*rng.sample(self._slots[:2], 2), *self._slots[2:]):
            body = {
                "patient_id": patient,
                "session_id": self._session,
                "slot_starts_at": slot,
                "visit_type": "outpatient",
                "channel": "app",
            }
            booked = await self._ask(f"today {number} {slot}", "/appointments", body, APP)
            if booked.good:
                return str(booked.json["appointment_id"])
        return None

    async def _check_in(self, number: int, appointment: str, rng: random.Random) -> None:
        """By phone, which may be too early, at a kiosk, or at both desks at once; in the end at the desk."""
        path = f"/appointments/{appointment}/arrival"
        way = rng.choice(("phone", "kiosk", "desks", "desk"))
        if way == "desks":
            both = (self._ask(f"check in {number} at {desk}", path, {"source": "desk"}) for desk in DESKS)
            answers = await asyncio.gather(*both)
        else:
            role = APP if way == "phone" else DESK
            answers = [await self._ask(f"check in {number} by {way}", path, {"source": way}, role)]
        if not any(answer.good for answer in answers):
            await self._asking.must(f"check in {number}", "registration", path, {"source": "desk"}, role=DESK)

    async def _desk(self, desk: str) -> None:
        """Call and see to who is called, until nobody is left; now and then two clerks call at once."""
        rng = self._seeded(f"desk {desk}")
        deadline = time.monotonic() + 3 * STUCK_SECONDS
        for turn in count():
            over = not self._coming and not self._waits
            called = (
                await self._call(f"desk {desk} calls {turn}", desk, rng.choice((1, 1, 2)))
                if self._waits or over
                else []
            )
            for appointment in called:
                await self._see_to(f"{desk}.{turn}", appointment)
            if over and not called:
                return
            if time.monotonic() > deadline:
                raise Stuck(f"desk {desk}: {self._waits} wait who are not called, {self._coming} have not come")
            if not called:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _call(self, name: str, desk: str, clerks: int) -> list[str]:
        path = f"/sessions/{self._session}/calls"
        calls = (self._ask(f"{name}.{clerk}", path, {"desk": desk}) for clerk in range(clerks))
        called = [answer.json["appointment_id"] for answer in await asyncio.gather(*calls) if answer.good]
        self._waits -= len(called)
        return called

    async def _see_to(self, turn: str, appointment: str) -> None:
        """The next steps of who is called, until they wait again or are gone."""
        while self._steps[appointment]:
            step = self._steps[appointment].pop(0)
            name = f"{step} {turn}"
            if step == SKIP_AND_AWAY:
                skipped, missed = await asyncio.gather(
                    *(self._ask(f"{name}: {one}", f"/queue/{appointment}/{one}") for one in (SKIP, AWAY))
                )
                if missed.good:
                    return
                step = SKIP if skipped.good else step
            elif step == RECALL_AND_SEE:
                recall = self._ask(f"{name}: {RECALL}", f"/queue/{appointment}/{RECALL}")
                await asyncio.gather(recall, self._must(f"{name}: {SEE}", appointment, SEE))
            else:
                await self._must(name, appointment, step)
            if step in WAITS_AGAIN:
                self._waits += 1
                return
            if step in ENDS:
                return

    async def _must(self, name: str, appointment: str, step: str) -> None:
        path = f"/appointments/{appointment}/{SEE}" if step == SEE else f"/queue/{appointment}/{step}"
        await self._asking.must(name, "registration", path, role=CLINICIAN)

    async def _ask(self, name: str, path: str, body: Any = None, role: str = DESK) -> Answer:
        return await self._client.ask(name, "registration", path, body, role=role)
