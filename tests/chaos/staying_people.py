"""Stays of a run from the admission request to the follow-up call, with what happens to some of them on the way.

Invariant: as in `workload`, what is asked follows from the seed; only the order in which things come about does not.
"""

import asyncio
import random
import time
from itertools import count
from typing import Any

from tests.chaos.asking import STUCK_SECONDS, Asking, Stuck
from tests.chaos.examined_people import ECG
from tests.chaos.history import Client

CLINICIAN, COORDINATOR, WARD, NURSE, OPERATOR = "clinician", "coordinator", "ward-nurse", "followup-nurse", "operator"
WARD_ID = "M-CHAOS"
AWAY = "M-AWAY"
"""A ward that takes nobody by itself: where patients are moved to, one bed for each."""

WHY = {"reason": "as the seed wills"}
BEDS = 40
STAYS = 5
MOVES_BACK, CANCELLED, SWAPS, COMES_BACK = 0, 1, 2, 4
MOVES = (MOVES_BACK, COMES_BACK)
"""What is special about each stay, by its number; the one after the one that swaps is its partner."""


class StayingPeople:
    """Those who are admitted."""

    def __init__(self, client: Client, asking: Asking, rng: random.Random) -> None:
        self.stays: list[str] = []
        """Stays whose patient has left, with everything done that can be done."""
        self._client = client
        self._asking = asking
        self._random = rng
        self._there, self._swapped = asyncio.Event(), asyncio.Event()
        """Two who are to exchange their beds wait for each other."""
        self._patients: dict[str, str] = {}

    async def prepare(self) -> None:
        """Set up the beds."""
        heading = (
            "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,"
            "stay_band\n"
        )
        beds = "".join(
            f"main,{WARD_ID},internal-medicine,,{room:02d},{bed},U,mixed,,,any,none,1-30\n"
            for room in range(1, BEDS // 2 + 1)
            for bed in (1, 2)
        )
        beds += "".join(
            f"main,{AWAY},respiratory,,{room:02d},1,U,mixed,,,any,none,1-30\n" for room in range(1, STAYS + 1)
        )
        await self._asking.must("beds", "beds", "/beds/import", (heading + beds).encode(), role=COORDINATOR)

    async def stay(self, number: int, patient: str) -> None:
        """From the admission request to an empty, cleaned bed."""
        stay = str(self._client.id_of(f"stay {number}"))
        self._patients[stay] = patient
        person = {"insutype": "310", "account_balance_fen": 5_000}
        await self._asking.must(
            f"insure {number}", "simulator", f"/persons/{patient}", person, role=OPERATOR, method="PUT"
        )
        await self._asking.must(
            f"request {number}", "registration", "/admission-requests", request(stay, patient, ECG), role=CLINICIAN
        )
        await self._bed(number, stay, "")
        await self._detour(number, stay)
        account = f"/accounts/{stay}"
        await self._asking.until(f"an account for {stay}", "discharge", account, WARD, bool)
        deposit = {"payment_id": stay, "channel": "wechat", "amount_fen": self._random.randrange(1, 200_000)}
        await self._asking.must(f"deposit {number}", "discharge", f"{account}/deposits", deposit, role=WARD)
        for line in range(2):
            await self._asking.must(
                f"charge {number}.{line}", "discharge", f"{account}/charges", self._charges(number, line), role=WARD
            )
        order = {"disposition": "home"}
        await self._asking.must(f"order {number}", "discharge", f"{account}/discharge-order", order, role=CLINICIAN)
        settled = await self._settle(number, account)
        if settled["to_pay_fen"]:
            payment = {"payment_id": stay, "channel": "wechat", "amount_fen": settled["to_pay_fen"]}
            await self._asking.must(f"pay {number}", "discharge", f"{account}/payments", payment, role=WARD)
        await self._asking.must(f"leave {number}", "discharge", f"{account}/leave", role=WARD)
        if number % STAYS == COMES_BACK:
            await self._asking.must(f"undo leave {number}", "beds", f"/stays/{stay}/leave-cancellation", WHY, role=WARD)
            await self._asking.must(f"leave again {number}", "discharge", f"{account}/leave", role=WARD)
        await self._clean(number, stay)
        await self._asking.until(
            f"a plan after {stay}", "followup", "/plans", NURSE, lambda plans: _of_stay(plans, stay), patient_id=patient
        )
        self.stays.append(stay)

    async def _bed(self, number: int, stay: str, again: str) -> None:
        """A proposed bed, taken and lain in."""
        proposal = f"/requests/{stay}/proposal"
        await self._asking.until(f"a bed for {stay}", "beds", proposal, COORDINATOR, lambda found: found["proposal"])
        await self._asking.must(f"accept {number}{again}", "beds", f"/requests/{stay}/acceptance", role=COORDINATOR)
        arrival = {"open_items_reason": "ward-decision"}
        await self._asking.must(f"admit {number}{again}", "beds", f"/stays/{stay}/admission", arrival, role=WARD)

    async def _detour(self, number: int, stay: str) -> None:
        """What happens to a stay on its way: moved, moved back, cancelled, or exchanged with the next one."""
        path = f"/stays/{stay}"
        way = number % STAYS
        if way in MOVES:
            away = {"bed_id": f"main/{AWAY}/{number + 1:02d}/1", "override_reason": WHY["reason"]}
            moved = await self._asking.must(f"move {number}", "beds", f"{path}/transfer", away, role=COORDINATOR)
            emptied = moved.json["previous_bed_id"]
            if way == MOVES_BACK:
                await self._asking.must(f"move back {number}", "beds", f"{path}/transfer-cancellation", WHY, role=WARD)
                emptied = away["bed_id"]
            await self._asking.must(f"clean {number} before", "beds", f"/beds/{emptied}/cleaned", role=WARD)
        elif way == CANCELLED:
            given_up = await self._asking.must(
                f"cancel admission {number}", "beds", f"{path}/admission-cancellation", WHY, role=WARD
            )
            await self._asking.must(
                f"clean {number} before", "beds", f"/beds/{given_up.json['bed_id']}/cleaned", role=WARD
            )
            await self._bed(number, stay, " again")
        elif way == SWAPS:
            await self._swap(number, stay)
        elif way == SWAPS + 1:
            self._there.set()
            await asyncio.wait_for(self._swapped.wait(), STUCK_SECONDS)
        team = {"specialty": "internal-medicine", "care_team": f"team-{number}"}
        await self._asking.must(f"team {number}", "beds", f"{path}/care-team", team, role=CLINICIAN, method="PUT")

    async def _swap(self, number: int, stay: str) -> None:
        """Exchange beds with the next patient, who waits for it."""
        try:
            await asyncio.wait_for(self._there.wait(), STUCK_SECONDS)
            pair = {"stay_ids": [stay, str(self._client.id_of(f"stay {number + 1}"))], "override_reason": WHY["reason"]}
            await self._asking.must(f"swap {number}", "beds", "/swaps", pair, role=COORDINATOR)
        finally:
            self._swapped.set()

    async def _clean(self, number: int, stay: str) -> None:
        """Once the patient has left, every bed that they lay in and nobody else has is cleaned."""
        gone = await self._asking.until(
            f"the leaving of {stay}", "beds", f"/stays/{stay}", WARD, lambda found: found["phase"] == "left"
        )
        await self._asking.must(f"clean {number}", "beds", f"/beds/{gone['bed_id']}/cleaned", role=WARD)

    def _charges(self, number: int, line: int) -> dict[str, Any]:
        return {
            "charges": [
                {
                    "charge_id": str(self._client.id_of(f"charge {number} {line} {part}")),
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
            presettled = await self._asking.must(
                f"presettle {name}", "discharge", f"{account}/presettlement", role=WARD
            )
            snapshot = {"snapshot": presettled.json["snapshot"]}
            await self._asking.must(f"sign {name}", "discharge", f"{account}/confirmation", snapshot, role=WARD)
            await self._client.ask(f"settle {name}", "discharge", f"{account}/settlement", role=WARD)
            screen = await self._asking.until(
                f"the end of settling {account}", "discharge", f"{account}/settlement", WARD, _is_decided
            )
            if screen["settlement"]["stage"] == "settled":
                return dict(screen["settlement"])
            if time.monotonic() > deadline:
                break
        raise Stuck(f"{account} is not settled after {attempt + 1} attempts")

    async def call(self, stay: str) -> None:
        """The nurse calls for the first task of the stay's plan; now and then the patient wishes to be seen."""
        patient = self._patients[stay]
        page = await self._asking.until(
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
        await self._asking.must(f"call {stay}", "followup", path, body, role=NURSE)


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
