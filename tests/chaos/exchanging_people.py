"""What the clients of a run do about two sessions whose patients want each other's places, and what the desks add.

Who has a place in one waits for the other, and gives the old booking back for it: asked, or unasked. Two desks give the
sessions extra places (加号), both at the same time. Invariant: as in `workload`, what is asked follows from the seed.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from tests.chaos.history import Answer, Client
from tests.chaos.world import World

DESK, APP, PLANNER = "front-desk", "patient-app", "back-office"
CLINIC = "main-exchange-1"
PLACES = 4
DAYS_AHEAD = 8
"""Beyond every jump of the clock: when all has come to rest, places can still be offered."""
MORE = ((0, 5), (1, 5), (0, 6), (1, 6))
"""Which session has how many places from then on, in this order."""
A_FEW = 4
"""So many wait for the other session before the desks begin, or nobody would get an extra place by waiting."""
ATTEMPTS = 3
LOOKS = 25
PAUSE_SECONDS = 0.2
ANSWERS = ("acceptance", "acceptance", "confirmation", "decline", "leave", None)
"""A place is taken by its entry or by its hold; None lets it pass, or leaves it to us where it is booked unasked."""


class ExchangingPeople:
    """Those who want a place in one session, and then in the other instead."""

    def __init__(self, world: World, client: Client, seeded: Callable[[str], random.Random], people: int) -> None:
        self._world = world
        self._client = client
        self._seeded = seeded
        self._slots: list[tuple[str, str]] = []
        self._coming = people
        """Who has not tried to book yet."""
        self._waits = 0
        """How many have begun to wait for the other session."""

    async def prepare(self, must: Any) -> None:
        """Open the two sessions. `must` asks until it is granted."""
        line = {"from": "08:00", "to": "08:30", "slot_minutes": 30, "capacity": PLACES}
        week = [{"weekday": day, **line} for day in range(1, 8)]
        clinic = {"campus_id": "main", "specialty": "general-practice", "zone": "UTC", "template": week}
        await must("exchange clinic", "registration", f"/clinics/{CLINIC}", clinic, role=PLANNER, method="PUT")
        first = self._world.clock.now().date() + timedelta(days=DAYS_AHEAD)
        days = {"from_on": first.isoformat(), "to_on": (first + timedelta(days=1)).isoformat()}
        opened = await must("exchange sessions", "registration", f"/clinics/{CLINIC}/sessions", days, role=PLANNER)
        self._slots = [(one["session_id"], one["starts_at"]) for one in opened.json["sessions"]]

    async def want(self, number: int, patient: str) -> None:
        """A place in one session, by booking or by waiting; then one in the other for it."""
        rng = self._seeded(f"exchange {number}")
        mine, other = (self._slots[(number + turn) % 2] for turn in (0, 1))
        old = await self._get(f"exchange {number}", patient, mine, rng)
        if old is None:
            return
        await self._until(lambda: not self._coming)
        new = await self._exchange(f"exchange {number}", patient, (old, *other), rng)
        if new is not None and rng.choice((True, False)):
            await asyncio.sleep(PAUSE_SECONDS)
            await self._give_back(f"exchange {number} gives back", new)

    def desks(self) -> list[Coroutine[Any, Any, None]]:
        """Two desks that give the same extra places at the same time; one of them is told that nothing is to add."""
        return [self._add(desk) for desk in ("east", "west")]

    async def _add(self, desk: str) -> None:
        rng = self._seeded("extra places")
        await self._until(lambda: self._waits >= A_FEW)
        for number, capacity in MORE:
            await asyncio.sleep(rng.uniform(0.4, 1.5))
            path = f"/sessions/{self._slots[number][0]}/extra-places"
            await self._ask(f"{desk} adds {number}.{capacity}", path, {"capacity": capacity}, DESK)

    async def _get(self, name: str, patient: str, slot: tuple[str, str], rng: random.Random) -> str | None:
        """Book a place, or, some of those who find none, wait for one; its appointment, or None."""
        wish = {**_goal(patient, slot[0]), "auto_accept": rng.choice((True, False))}
        answer_with, waits = rng.choice(ANSWERS), rng.choice((True, False, False))
        for attempt in range(ATTEMPTS):
            body = {**_goal(patient, slot[0]), "slot_starts_at": slot[1]}
            booked = await self._ask(f"{name}.{attempt}", "/appointments", body)
            self._coming -= attempt == 0
            if booked.good:
                return str(booked.json["appointment_id"])
            if not waits:
                return None
            joined = await self._ask(f"{name}.{attempt} waits", "/waitlist", wish)
            if joined.good:
                return await self._wait(name, joined.json["entry_id"], answer_with)
        return None

    async def _exchange(self, name: str, patient: str, wanted: tuple[str, str, str], rng: random.Random) -> str | None:
        """Wait for a place that replaces the old one, or move there where one is free; the new appointment, or None.

        Some give the old one back themselves meanwhile.
        """
        old, session, starts_at = wanted
        unasked, answer_with = rng.choice((True, False)), rng.choice(ANSWERS)
        gives_up = rng.choice((True, False, False, False))
        wish = {**_goal(patient, session), "auto_accept": unasked, "replaces_appointment_id": old}
        joined = await self._ask(f"{name} waits for the other", "/waitlist", wish)
        if not joined.good:
            slot = {"session_id": session, "slot_starts_at": starts_at}
            moved = await self._ask(f"{name} moves", f"/appointments/{old}/reschedule", slot)
            return old if moved.good else None
        self._waits += 1
        waiting = self._wait(f"{name} for the other", joined.json["entry_id"], answer_with)
        if not gives_up:
            return await waiting
        new, _ = await asyncio.gather(waiting, self._give_back(f"{name} gives up", old))
        return new

    async def _wait(self, name: str, entry_id: str, answer_with: str | None) -> str | None:
        """Look a few times; answer an offer, if the seed says so. The appointment that came of it, or None."""
        for _ in range(LOOKS):
            entry = await self._client.look("registration", f"/waitlist/{entry_id}", role=APP)
            if entry is not None and entry["status"] == "accepted":
                return str(entry["appointment_id"])
            if entry is not None and entry["status"] == "offered" and answer_with is not None:
                offered = entry["appointment_id"]
                by_hold = answer_with == "confirmation"
                path = f"/appointments/{offered}" if by_hold else f"/waitlist/{entry_id}"
                answer = await self._ask(f"{name}: answer", f"{path}/{answer_with}")
                return offered if answer.good and answer.json["status"] in {"accepted", "booked"} else None
            await asyncio.sleep(PAUSE_SECONDS)
        return None

    async def _until(self, there: Callable[[], bool]) -> None:
        """Wait for the others, but not for ever: somebody may be held up."""
        for _ in range(LOOKS):
            if there():
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _give_back(self, name: str, appointment_id: str) -> None:
        await self._ask(name, f"/appointments/{appointment_id}/cancellation", {"reason": "patient"})

    async def _ask(self, name: str, path: str, body: Any = None, role: str = APP) -> Answer:
        return await self._client.ask(name, "registration", path, body, role=role)


def _goal(patient: str, session: str) -> dict[str, Any]:
    return {"patient_id": patient, "session_id": session, "visit_type": "outpatient", "channel": "app"}
