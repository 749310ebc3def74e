"""What the clients do in one run: register, hold, book, move, wait, queue; and stays from request to follow-up call.

Invariant: whatever is asked follows from the seed alone; only the order in which things come about does not. Somebody
who is refused asks anew under a new key, as a person would; somebody who hears nothing repeats the same key.
"""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.asking import Asking
from tests.chaos.examined_people import ExaminedPeople
from tests.chaos.exchanging_people import ExchangingPeople
from tests.chaos.history import Answer, Client
from tests.chaos.queued_people import QueuedPeople
from tests.chaos.staying_people import STAYS, StayingPeople
from tests.chaos.waiting_people import WaitingPeople
from tests.chaos.world import World

DESK, APP, PLANNER, OPERATOR = "front-desk", "patient-app", "back-office", "operator"
CLINIC = "main-general-practice-1"
"""The clinic that follow-up sends wished visits to, so both kinds of booking meet in its sessions."""
PLACES = 3
SLOTS = 8
PATIENTS = 18
BORN_ON = "1970-05-04"
TICK_SECONDS = 0.1
TICK = timedelta(seconds=2)
UNTIL_FIRST_CALL = timedelta(days=3)
COMING = 2
"""Sessions are opened for the next days, so that no jump of the clock overtakes them."""


class Workload:
    """The clients of one run."""

    def __init__(self, world: World, client: Client, seed: int) -> None:
        self.world = world
        self.client = client
        self.stuck: list[str] = []
        """What did not come, in words."""
        self.slots: list[tuple[str, str]] = []
        """Session and start of each slot that is there to be booked."""
        self._asking = Asking(client)
        self._random = seeded(f"{seed} workload")
        self._staying = StayingPeople(client, self._asking, seeded(f"{seed} stays"))
        self._waiting = WaitingPeople(world, client, seeded(f"{seed} waiting"))
        self._examined = ExaminedPeople(world, client, lambda words: seeded(f"{seed} {words}"))
        people = PATIENTS - STAYS
        self._exchanging = ExchangingPeople(world, client, lambda words: seeded(f"{seed} {words}"), people)
        self._queued = QueuedPeople(world, client, self._asking, lambda words: seeded(f"{seed} {words}"), people)
        self._patients = [str(client.id_of(f"patient {number}")) for number in range(PATIENTS)]

    @property
    def stays(self) -> list[str]:
        """Stays whose patient has left, with everything done that can be done."""
        return self._staying.stays

    async def prepare(self) -> None:
        """Begin a new day at six, with beds, a clinic and its next sessions."""
        clock, must = self.world.clock, self._asking.must
        clock.advance_to(clock.now().replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1))
        await self._staying.prepare()
        week = [
            {"weekday": day, "from": "08:00", "to": "12:00", "slot_minutes": 30, "capacity": PLACES}
            for day in range(1, 8)
        ]
        clinic = {"campus_id": "main", "specialty": "general-practice", "zone": "UTC", "template": week}
        await must("clinic", "registration", f"/clinics/{CLINIC}", clinic, role=PLANNER, method="PUT")
        first = clock.now().date() + timedelta(days=1)
        days = {"from_on": first.isoformat(), "to_on": (first + timedelta(days=COMING)).isoformat()}
        opened = await must("sessions", "registration", f"/clinics/{CLINIC}/sessions", days, role=PLANNER)
        for session in opened.json["sessions"][:COMING]:
            starts_at = datetime.fromisoformat(session["starts_at"])
            self.slots += [
                (session["session_id"], (starts_at + timedelta(minutes=30 * number)).isoformat())
                for number in range(SLOTS)
            ]
        for people in (self._waiting, self._examined, self._exchanging, self._queued):
            await people.prepare(must)

    async def run(self) -> None:
        """Everything at once; then, once everybody has left, the first follow-up calls."""
        ticking = asyncio.create_task(self._tick())
        try:
            stories = [self._person(number) for number in range(PATIENTS)]
            stories += [*self._exchanging.desks(), *self._queued.desks()]
            await asyncio.gather(*map(self._guarded, stories))
            clock = self.world.clock
            clock.advance_to(clock.now() + UNTIL_FIRST_CALL)
            await asyncio.gather(*(self._guarded(self._staying.call(stay)) for stay in self.stays))
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        """Business time goes on, twenty times as fast as ours."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.world.clock.advance_to(self.world.clock.now() + TICK)

    async def _guarded(self, story: Any) -> None:
        try:
            await story
        except TimeoutError as late:
            self.stuck.append(str(late))

    async def _person(self, number: int) -> None:
        patient = self._patients[number]
        somebody = person(patient, "FM"[number % 2])
        await self._asking.must(f"register {number}", "registration", "/patients", somebody, role=DESK)
        await self._visit(number, patient)
        if number < STAYS:
            await self._staying.stay(number, patient)
            return
        wishes = (self._waiting, self._examined, self._exchanging, self._queued)
        await asyncio.gather(*(people.want(number, patient) for people in wishes))

    async def _visit(self, number: int, patient: str) -> None:
        """Everybody wants the first place of all; who is too late takes another. Some change their minds."""
        choice = self._random.choice
        appointment = None
        for attempt, slot in enumerate([self.slots[0], *self._random.sample(self.slots[1:], 4)]):
            hold = attempt == 0
            name, path = f"place {number}.{attempt}", "/holds" if hold else "/appointments"
            answer = await self.client.ask(name, "registration", path, place(patient, slot), role=APP)
            if answer.good:
                appointment = answer.json["appointment_id"]
                break
        if appointment is None:
            return
        if hold and choice((True, True, False)):
            await self._step(f"confirm {number}", appointment, "confirmation")
        fate = choice(("keep", "cancel", "move", "move"))
        if fate == "cancel":
            await self._step(f"cancel {number}", appointment, "cancellation", {"reason": "patient"})
        elif fate == "move":
            session, starts_at = choice(self.slots)
            body = {"session_id": session, "slot_starts_at": starts_at}
            await self._step(f"move {number}", appointment, "reschedule", body)

    async def _step(self, name: str, appointment: str, step: str, body: Any = None) -> Answer:
        return await self.client.ask(name, "registration", f"/appointments/{appointment}/{step}", body, role=APP)


def seeded(words: str) -> random.Random:
    """Random numbers that follow from these words."""
    return random.Random(words)  # noqa: S311 - to be repeated, not to be secret


def person(patient: str, sex: str = "F") -> dict[str, str]:
    """Somebody to register; invented."""
    return {"patient_id": patient, "name": "Testperson", "sex": sex, "born_on": BORN_ON, "insutype": "310"}


def place(patient: str, slot: tuple[str, str]) -> dict[str, str]:
    """A place to hold or to book."""
    session, starts_at = slot
    return {
        "patient_id": patient,
        "session_id": session,
        "slot_starts_at": starts_at,
        "visit_type": "outpatient",
        "channel": "app",
    }
