"""What the clients do in one run: register, hold, book, move, wait; and stays from request to follow-up call.

Invariant: whatever is asked follows from the seed alone; only the order in which things come about does not. Somebody
who is refused asks anew under a new key, as a person would; somebody who hears nothing repeats the same key.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.chaos.examined_people import ECG, ExaminedPeople
from tests.chaos.history import Answer, Client
from tests.chaos.waiting_people import WaitingPeople
from tests.chaos.world import World

DESK, APP, PLANNER, CLINICIAN = "front-desk", "patient-app", "back-office", "clinician"
COORDINATOR, WARD, NURSE, OPERATOR = "coordinator", "ward-nurse", "followup-nurse", "operator"
CLINIC = "main-general-practice-1"
"""The clinic that follow-up sends wished visits to, so both kinds of booking meet in its sessions."""
WARD_ID = "M-CHAOS"
AWAY = "M-AWAY"
"""A ward that takes nobody by itself: where patients are moved to, one bed for each."""

WHY = {"reason": "as the seed wills"}
BEDS = 40
PLACES = 3
SLOTS = 8
PATIENTS = 18
STAYS = 5
MOVES_BACK, CANCELLED, SWAPS, COMES_BACK = 0, 1, 2, 4
MOVES = (MOVES_BACK, COMES_BACK)
"""What is special about each stay, by its number; the one after the one that swaps is its partner."""

BORN_ON = "1970-05-04"
STUCK_SECONDS = 60.0
PAUSE_SECONDS = 0.1
TICK_SECONDS = 0.1
TICK = timedelta(seconds=2)
UNTIL_FIRST_CALL = timedelta(days=3)
COMING = 2
"""Sessions are opened for the next days, so that no jump of the clock overtakes them."""


class Stuck(TimeoutError):
    """Something that had to come has not come."""


class Workload:
    """The clients of one run."""

    def __init__(self, world: World, client: Client, seed: int) -> None:
        self.world = world
        self.client = client
        self.stays: list[str] = []
        """Stays whose patient has left, with everything done that can be done."""
        self.stuck: list[str] = []
        """What did not come, in words."""
        self._random = seeded(f"{seed} workload")
        self.slots: list[tuple[str, str]] = []
        """Session and start of each slot that is there to be booked."""
        self._waiting = WaitingPeople(world, client, seeded(f"{seed} waiting"))
        self._examined = ExaminedPeople(world, client, lambda words: seeded(f"{seed} {words}"))
        self.there, self.swapped = asyncio.Event(), asyncio.Event()
        """Two who are to exchange their beds wait for each other."""
        self._patients = [str(client.id_of(f"patient {number}")) for number in range(PATIENTS)]

    async def prepare(self) -> None:
        """Begin a new day at six, with beds, a clinic and its next sessions."""
        clock = self.world.clock
        clock.advance_to(clock.now().replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1))
        beds = "".join(
            f"main,{WARD_ID},internal-medicine,,{room:02d},{bed},U,mixed,,,any,none,1-30\n"
            for room in range(1, BEDS // 2 + 1)
            for bed in (1, 2)
        )
        heading = (
            "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,"
            "stay_band\n"
        )
        beds += "".join(
            f"main,{AWAY},respiratory,,{room:02d},1,U,mixed,,,any,none,1-30\n" for room in range(1, STAYS + 1)
        )
        await self._must("beds", "beds", "/beds/import", (heading + beds).encode(), role=COORDINATOR)
        week = [
            {"weekday": day, "from": "08:00", "to": "12:00", "slot_minutes": 30, "capacity": PLACES}
            for day in range(1, 8)
        ]
        clinic = {"campus_id": "main", "specialty": "general-practice", "zone": "UTC", "template": week}
        await self._must("clinic", "registration", f"/clinics/{CLINIC}", clinic, role=PLANNER, method="PUT")
        first = clock.now().date() + timedelta(days=1)
        days = {"from_on": first.isoformat(), "to_on": (first + timedelta(days=COMING)).isoformat()}
        opened = await self._must("sessions", "registration", f"/clinics/{CLINIC}/sessions", days, role=PLANNER)
        for session in opened.json["sessions"][:COMING]:
            starts_at = datetime.fromisoformat(session["starts_at"])
            self.slots += [
                (session["session_id"], (starts_at + timedelta(minutes=30 * number)).isoformat())
                for number in range(SLOTS)
            ]

        await self._waiting.prepare(self._must)
        await self._examined.prepare(self._must)

    async def run(self) -> None:
        """Everything at once; then, once everybody has left, the first follow-up calls."""
        ticking = asyncio.create_task(self._tick())
        try:
            await asyncio.gather(*(self._guarded(self._person(number)) for number in range(PATIENTS)))
            clock = self.world.clock
            clock.advance_to(clock.now() + UNTIL_FIRST_CALL)
            await asyncio.gather(*(self._guarded(self._call(stay)) for stay in self.stays))
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
        await self._must(
            f"register {number}", "registration", "/patients", person(patient, "FM"[number % 2]), role=DESK
        )
        await self._visit(number, patient)
        if number < STAYS:
            await self._stay(number, patient)
        else:
            await asyncio.gather(self._waiting.want(number, patient), self._examined.want(number, patient))

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

    async def _stay(self, number: int, patient: str) -> None:
        """From the admission request to an empty, cleaned bed."""
        stay = str(self.client.id_of(f"stay {number}"))
        person = {"insutype": "310", "account_balance_fen": 5_000}
        await self._must(f"insure {number}", "simulator", f"/persons/{patient}", person, role=OPERATOR, method="PUT")
        await self._must(
            f"request {number}", "registration", "/admission-requests", request(stay, patient, ECG), role=CLINICIAN
        )
        await self._bed(number, stay, "")
        await self._detour(number, stay)
        account = f"/accounts/{stay}"
        await self._until(f"an account for {stay}", "discharge", account, WARD, bool)
        deposit = {"payment_id": stay, "channel": "wechat", "amount_fen": self._random.randrange(1, 200_000)}
        await self._must(f"deposit {number}", "discharge", f"{account}/deposits", deposit, role=WARD)
        for line in range(2):
            await self._must(
                f"charge {number}.{line}", "discharge", f"{account}/charges", self._charges(number, line), role=WARD
            )
        order = {"disposition": "home"}
        await self._must(f"order {number}", "discharge", f"{account}/discharge-order", order, role=CLINICIAN)
        settled = await self._settle(number, account)
        if settled["to_pay_fen"]:
            payment = {"payment_id": stay, "channel": "wechat", "amount_fen": settled["to_pay_fen"]}
            await self._must(f"pay {number}", "discharge", f"{account}/payments", payment, role=WARD)
        await self._must(f"leave {number}", "discharge", f"{account}/leave", role=WARD)
        if number % STAYS == COMES_BACK:
            await self._must(f"undo leave {number}", "beds", f"/stays/{stay}/leave-cancellation", WHY, role=WARD)
            await self._must(f"leave again {number}", "discharge", f"{account}/leave", role=WARD)
        await self._clean(number, stay)
        await self._until(
            f"a plan after {stay}", "followup", "/plans", NURSE, lambda plans: _of_stay(plans, stay), patient_id=patient
        )
        self.stays.append(stay)

    async def _bed(self, number: int, stay: str, again: str) -> None:
        """A proposed bed, taken and lain in."""
        proposal = f"/requests/{stay}/proposal"
        await self._until(f"a bed for {stay}", "beds", proposal, COORDINATOR, lambda found: found["proposal"])
        await self._must(f"accept {number}{again}", "beds", f"/requests/{stay}/acceptance", role=COORDINATOR)
        arrival = {"open_items_reason": "ward-decision"}
        await self._must(f"admit {number}{again}", "beds", f"/stays/{stay}/admission", arrival, role=WARD)

    async def _detour(self, number: int, stay: str) -> None:
        """What happens to a stay on its way: moved, moved back, cancelled, or exchanged with the next one."""
        path = f"/stays/{stay}"
        way = number % STAYS
        if way in MOVES:
            away = {"bed_id": f"main/{AWAY}/{number + 1:02d}/1", "override_reason": WHY["reason"]}
            moved = await self._must(f"move {number}", "beds", f"{path}/transfer", away, role=COORDINATOR)
            emptied = moved.json["previous_bed_id"]
            if way == MOVES_BACK:
                await self._must(f"move back {number}", "beds", f"{path}/transfer-cancellation", WHY, role=WARD)
                emptied = away["bed_id"]
            await self._must(f"clean {number} before", "beds", f"/beds/{emptied}/cleaned", role=WARD)
        elif way == CANCELLED:
            given_up = await self._must(
                f"cancel admission {number}", "beds", f"{path}/admission-cancellation", WHY, role=WARD
            )
            await self._must(f"clean {number} before", "beds", f"/beds/{given_up.json['bed_id']}/cleaned", role=WARD)
            await self._bed(number, stay, " again")
        elif way == SWAPS:
            await self._swap(number, stay)
        elif way == SWAPS + 1:
            self.there.set()
            await asyncio.wait_for(self.swapped.wait(), STUCK_SECONDS)
        team = {"specialty": "internal-medicine", "care_team": f"team-{number}"}
        await self._must(f"team {number}", "beds", f"{path}/care-team", team, role=CLINICIAN, method="PUT")

    async def _swap(self, number: int, stay: str) -> None:
        """Exchange beds with the next patient, who waits for it."""
        try:
            await asyncio.wait_for(self.there.wait(), STUCK_SECONDS)
            pair = {"stay_ids": [stay, str(self.client.id_of(f"stay {number + 1}"))], "override_reason": WHY["reason"]}
            await self._must(f"swap {number}", "beds", "/swaps", pair, role=COORDINATOR)
        finally:
            self.swapped.set()

    async def _clean(self, number: int, stay: str) -> None:
        """Once the patient has left, every bed that they lay in and nobody else has is cleaned."""
        gone = await self._until(
            f"the leaving of {stay}", "beds", f"/stays/{stay}", WARD, lambda found: found["phase"] == "left"
        )
        await self._must(f"clean {number}", "beds", f"/beds/{gone['bed_id']}/cleaned", role=WARD)

    def _charges(self, number: int, line: int) -> dict[str, Any]:
        return {
            "charges": [
                {
                    "charge_id": str(self.client.id_of(f"charge {number} {line} {part}")),
                    "item_code": "330100001",
                    "line_class": "01",
                    "price_fen": self._random.randrange(100, 90_000),
                    "count": "1",
                    "preself_ratio": "0",
                }
                for part in range(2)
            ]
        }

    async def _settle(self, number: int, account: str) -> dict[str, Any]:
        """Presettled, signed and settled; from the start again where the centre has not received it."""
        deadline = time.monotonic() + STUCK_SECONDS
        for attempt in count():
            name = f"{number}.{attempt}"
            presettled = await self._must(f"presettle {name}", "discharge", f"{account}/presettlement", role=WARD)
            snapshot = {"snapshot": presettled.json["snapshot"]}
            await self._must(f"sign {name}", "discharge", f"{account}/confirmation", snapshot, role=WARD)
            await self.client.ask(f"settle {name}", "discharge", f"{account}/settlement", role=WARD)
            screen = await self._until(
                f"the end of settling {account}", "discharge", f"{account}/settlement", WARD, _is_decided
            )
            if screen["settlement"]["stage"] == "settled":
                return dict(screen["settlement"])
            if time.monotonic() > deadline:
                break
        raise Stuck(f"{account} is not settled after {attempt + 1} attempts")

    async def _call(self, stay: str) -> None:
        """The nurse calls for the first task of the stay's plan; now and then the patient wishes to be seen."""
        patient = self._patients[[str(self.client.id_of(f"stay {n}")) for n in range(STAYS)].index(stay)]
        page = await self._until(
            f"a task after {stay}",
            "followup",
            "/tasks",
            NURSE,
            lambda p: p["tasks"],
            patient_id=patient,
            status="ready",
        )
        outcome = self._random.choice(("reached", "agreed_to_visit"))
        path = f"/tasks/{page['tasks'][0]['task_id']}/attempts"
        body = {"contact_kind": "phone", "outcome": outcome}
        await self._must(f"call {stay}", "followup", path, body, role=NURSE)

    async def _must(
        self, name: str, service: str, path: str, body: Any = None, *, role: str, method: str = "POST"
    ) -> Answer:
        """Ask until it is granted, each time under a new key; `Stuck` with the last code when it never is."""
        deadline = time.monotonic() + STUCK_SECONDS
        for attempt in count():
            answer = await self.client.ask(f"{name} #{attempt}", service, path, body, role=role, method=method)
            if answer.good:
                return answer
            assert answer.code != "invalid-input", f"{name}: {answer.body!r}"
            if time.monotonic() > deadline:
                raise Stuck(f"{name} at {service} is refused for {STUCK_SECONDS:.0f} s: {answer.status} {answer.code}")
            await asyncio.sleep(PAUSE_SECONDS * (1 + attempt))
        raise AssertionError

    async def _until(
        self, what: str, service: str, path: str, role: str, there: Callable[[Any], Any], **params: Any
    ) -> Any:
        """Look until it is there; `Stuck` when it does not come."""
        deadline = time.monotonic() + STUCK_SECONDS
        while True:
            found = await self.client.look(service, path, role=role, **params)
            if found is not None and there(found):
                return found
            if time.monotonic() > deadline:
                raise Stuck(f"{what} has not come to {service} in {STUCK_SECONDS:.0f} s")
            await asyncio.sleep(PAUSE_SECONDS)


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


def request(stay: str, patient: str, *exams: str) -> dict[str, Any]:
    """An admission request for an ordinary bed, with exams before it."""
    return {
        "request_id": stay,
        "patient_id": patient,
        "source": "clinic",
        "specialty": "internal-medicine",
        "campus_id": "main",
        "admission_class": "B",
        "department_cmi": 1.0,
        "expected_days": 3,
        "exams": exams,
        "encounters": [{"encounter_id": stay, "encounter_class": "inpatient"}],
    }


def _of_stay(plans: list[dict[str, Any]], stay: str) -> bool:
    return any(plan["stay_id"] == stay and plan["status"] == "active" for plan in plans)


def _is_decided(screen: dict[str, Any]) -> bool:
    settlement = screen["settlement"]
    return settlement is not None and settlement["stage"] in {"settled", "reversed", "refused", "confirmed"}
