"""What the clients of a run do about a session with hardly a place: book, wait, accept, decline, give back.

Invariant: as in `workload`, what is asked follows from the seed; what becomes of it does not.
"""

import asyncio
import random
from datetime import timedelta
from typing import Any

from tests.chaos.history import Answer, Client
from tests.chaos.world import World

DESK, APP, PLANNER = "front-desk", "patient-app", "back-office"
CLINIC = "main-scarce-1"
PLACES = 2
DAYS_AHEAD = 6
"""Beyond every jump of the clock: when all has come to rest, places can still be offered."""
ATTEMPTS = 4
LOOKS = 12
PAUSE_SECONDS = 0.2


class WaitingPeople:
    """Those who want a place in the session of one slot."""

    def __init__(self, world: World, client: Client, rng: random.Random) -> None:
        self._world = world
        self._client = client
        self._random = rng
        self._slot: tuple[str, str] = "", ""

    async def prepare(self, must: Any) -> None:
        """Open the session. `must` asks until it is granted."""
        line = {"from": "08:00", "to": "08:30", "slot_minutes": 30, "capacity": PLACES}
        week = [{"weekday": day, **line} for day in range(1, 8)]
        clinic = {"campus_id": "main", "specialty": "general-practice", "zone": "UTC", "template": week}
        await must("scarce clinic", "registration", f"/clinics/{CLINIC}", clinic, role=PLANNER, method="PUT")
        day = (self._world.clock.now().date() + timedelta(days=DAYS_AHEAD)).isoformat()
        days = {"from_on": day, "to_on": day}
        opened = await must("scarce session", "registration", f"/clinics/{CLINIC}/sessions", days, role=PLANNER)
        session = opened.json["sessions"][0]
        self._slot = session["session_id"], session["starts_at"]

    async def want(self, number: int, patient: str) -> None:
        """Book it, or wait for it; then keep the place or give it back."""
        auto_accept = self._random.choice((True, False, False))
        answer_with = self._random.choice(("acceptance", "acceptance", "decline", "leave", None))
        gives_back = self._random.choice((True, True, False))
        for attempt in range(ATTEMPTS):
            name = f"scarce {number}.{attempt}"
            taken = await self._ask(name, "/appointments", self._place(patient))
            if taken.good:
                await self._keep(number, taken.json["appointment_id"], gives_back=gives_back)
                return
            wish = {**self._goal(patient), "auto_accept": auto_accept}
            joined = await self._ask(f"{name} waits", "/waitlist", wish)
            if joined.good:
                await self._wait(number, joined.json["entry_id"], answer_with, gives_back=gives_back)
                return

    async def _wait(self, number: int, entry_id: str, answer_with: str | None, *, gives_back: bool) -> None:
        """Look a few times; answer an offer, if the seed says so. Who is never offered anything waits on."""
        for _ in range(LOOKS):
            entry = await self._client.look("registration", f"/waitlist/{entry_id}", role=APP)
            if entry is not None and entry["status"] == "accepted":
                await self._keep(number, entry["appointment_id"], gives_back=gives_back)
                return
            if entry is not None and entry["status"] == "offered" and answer_with is not None:
                answer = await self._ask(f"answer {number}", f"/waitlist/{entry_id}/{answer_with}")
                if answer.good and answer.json["status"] == "accepted":
                    await self._keep(number, answer.json["appointment_id"], gives_back=gives_back)
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _keep(self, number: int, appointment_id: str, *, gives_back: bool) -> None:
        await asyncio.sleep(PAUSE_SECONDS * (1 + number % 4))
        if gives_back:
            path = f"/appointments/{appointment_id}/cancellation"
            await self._ask(f"give back {number}", path, {"reason": "patient"})

    def _goal(self, patient: str) -> dict[str, Any]:
        return {"patient_id": patient, "session_id": self._slot[0], "visit_type": "outpatient", "channel": "app"}

    def _place(self, patient: str) -> dict[str, Any]:
        return {**self._goal(patient), "slot_starts_at": self._slot[1]}

    async def _ask(self, name: str, path: str, body: Any = None) -> Answer:
        return await self._client.ask(name, "registration", path, body, role=APP)
