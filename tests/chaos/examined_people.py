"""What the clients of a run do about exams: several at once on too few devices, held, booked, moved, given back.

Invariant: as in `workload`, what is asked follows from the seed; what becomes of it does not.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.chaos.history import Answer, Client
from tests.chaos.world import World

APP, PLANNER, CLINICIAN = "patient-app", "back-office", "clinician"
CT, US, ECG = "chaos-ct", "chaos-us", "chaos-ecg"
ITEMS = {CT: ("CT", 20), US: ("US", 15), ECG: ("ECG", 10)}
"""Modality and minutes of each exam; each has one device."""
WEEK = "1-7 08:00-10:00"
ROUND_THE_CLOCK = "1-7 00:00-24:00"
"""When the device for admissions is open: the clock leaps, and a bed may be free at any hour."""
DEVICES = {"chaos-ct-1": ("CT", WEEK), "chaos-us-1": ("US", WEEK), "chaos-ecg-1": ("ECG", ROUND_THE_CLOCK)}
DAYS_AHEAD = 1
ATTEMPTS = 3
PAUSE_SECONDS = 0.3


class ExaminedPeople:
    """Those who want exams in the same two hours, for which there are not devices enough."""

    def __init__(self, world: World, client: Client, seeded: Callable[[str], random.Random]) -> None:
        self._world = world
        self._client = client
        self._seeded = seeded
        self._window: dict[str, str] = {}

    async def prepare(self, must: Any) -> None:
        """Write the catalogue and choose the day. `must` asks until it is granted."""
        items = "".join(
            f"{code},{modality},检查,Exam,{minutes},0,,,,10000,0,ours\n" for code, (modality, minutes) in ITEMS.items()
        )
        heading = (
            "item_code,modality,name_zh,name_en,minutes,fasting_hours,contrast,tags,preparations,price_fen,"
            "recognition_days,source\n"
        )
        devices = "device_id,campus_id,room,modality,items,reading_campus_id,hours\n" + "".join(
            f"{device},main,{device},{modality},,main,{hours}\n" for device, (modality, hours) in DEVICES.items()
        )
        for kind, table in (("items", heading + items), ("devices", devices)):
            await must(f"exam {kind}", "registration", f"/exam-{kind}/import", table.encode(), role=PLANNER)
        network = {"zone": "UTC", "travel": []}
        await must("exam network", "registration", "/exam-network", network, role=PLANNER, method="PUT")
        day = self._world.clock.now().date() + timedelta(days=DAYS_AHEAD)
        self._window = {"from_at": f"{day}T08:00:00Z", "to_at": f"{day}T10:00:00Z"}

    async def want(self, number: int, patient: str) -> None:
        """Some want two plans at once, and must not be in two places at a time."""
        wishes = [[CT, US], *([[US]] if number % 3 == 0 else [])]
        await asyncio.gather(*(self._plan(f"{number}.{place}", patient, wish) for place, wish in enumerate(wishes)))

    async def _plan(self, name: str, patient: str, items: list[str]) -> None:
        """Order, then ask for places until there are some; then keep them, move one exam, or give all back."""
        rng = self._seeded(f"exams {name}")
        way, confirms = rng.choice(("hold", "booking")), rng.choice((True, True, False))
        fate, moves = rng.choice(("keep", "give back", "move", "move")), rng.choice(items)
        order_id = str(self._client.id_of(f"exams {name}"))
        order = {"order_id": order_id, "patient_id": patient, "item_codes": items, "windows": [self._window]}
        written = await self._ask(f"exams {name}", "/exam-orders", order, role=CLINICIAN)
        if not written.good or not await self._places(name, order_id, way):
            return
        if way == "hold" and confirms:
            await self._act(f"confirm exams {name}", order_id, "confirmation")
        if fate == "give back":
            await self._act(f"give back exams {name}", order_id, "cancellation", {"reason": "patient"})
        elif fate == "move":
            await self._move(name, order_id, moves, rng)

    async def _places(self, name: str, order_id: str, way: str) -> bool:
        for attempt in range(ATTEMPTS):
            if (await self._act(f"place exams {name}.{attempt}", order_id, way)).good:
                return True
            await asyncio.sleep(PAUSE_SECONDS)
        return False

    async def _move(self, name: str, order_id: str, item: str, rng: random.Random) -> None:
        day = self._window["from_at"][:10]
        path = f"/exam-orders/{order_id}/exams/{item}/starts"
        found = await self._client.look("registration", path, role=APP, on=day)
        if found is not None and found["starts"]:
            body = {"starts_at": rng.choice(found["starts"])["starts_at"]}
            await self._act(f"move exam {name}", order_id, f"exams/{item}/move", body)

    async def _act(self, name: str, order_id: str, step: str, body: Any = None) -> Answer:
        return await self._ask(name, f"/exam-orders/{order_id}/{step}", body)

    async def _ask(self, name: str, path: str, body: Any = None, role: str = APP) -> Answer:
        return await self._client.ask(name, "registration", path, body, role=role)
