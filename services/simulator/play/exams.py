"""Playing exam plans: after a first visit several exams are ordered, booked as one plan, and done.

Which exams follows from a patient's place among the first visits, so a recording always plays the same. Nobody who dies
within a month is sent for exams.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from services.simulator.hospital.files import HERE
from services.simulator.hospital.model import Hospital
from services.simulator.play.agenda import Agenda
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Encounter, Recording

CLINICIAN = "clinician"
APP = "patient-app"
DEVICES = "system"
PLANNER = "back-office"
KINDS = ("preparations", "items", "rules", "devices")
AFTERWARDS = 2
CLEAR_OF_DEATH = timedelta(days=30)
ACROSS_TOWN_MINUTES = 45
REQUESTS = (
    ("gastroscopy", "us-abdomen", "lab-fasting", "ecg"),
    ("ct-abdomen-contrast", "lab-renal", "us-thyroid"),
    ("holter", "mr-head", "us-carotid", "lab-blood-count"),
)


class BadExams(RuntimeError):
    """A row of the sample hospital's exam files was refused; names file, line, field and reason."""


class Exams:
    """The exams of a recording's patients."""

    def __init__(self, suite: Suite, agenda: Agenda) -> None:
        self._suite = suite
        self._agenda = agenda

    def plan(self, recording: Recording) -> None:
        """Put an order behind each patient's first visit."""
        first: dict[UUID, Encounter] = {}
        for visit in sorted(recording.visits, key=lambda one: (one.started_at, one.encounter_id)):
            first.setdefault(visit.patient_id, visit)
        for number, (patient_id, visit) in enumerate(first.items()):
            died_at = recording.deaths.get(patient_id)
            if died_at is None or visit.stopped_at + CLEAR_OF_DEATH < died_at:
                order = partial(self._order, visit, REQUESTS[number % len(REQUESTS)])
                self._agenda.plan(visit.stopped_at, order, rank=AFTERWARDS)

    async def _order(self, visit: Encounter, items: tuple[str, ...]) -> None:
        name = str(visit.encounter_id)
        order = {"order_id": name, "patient_id": str(visit.patient_id), "item_codes": list(items)}
        await self._ask("/exam-orders", order, CLINICIAN, f"order exams {name}")
        booked = await self._ask(f"/exam-orders/{name}/booking", None, APP, f"book exams {name}")
        for exam in booked["order"]["exams"]:
            ends_at = datetime.fromisoformat(exam["ends_at"])
            self._agenda.plan(ends_at, partial(self._done, name, exam["item_code"]), rank=AFTERWARDS)

    async def _done(self, name: str, item_code: str) -> None:
        await self._ask(f"/exam-orders/{name}/exams/{item_code}/done", None, DEVICES, f"done {name} {item_code}")

    async def _ask(self, path: str, body: Any, role: str, wish: str) -> Any:  # noqa: ANN401 - any JSON
        return await self._suite.command("registration", path, body, role=role, wish=wish)


async def open_exams(suite: Suite, hospital: Hospital) -> int:
    """Write the ways and take in the exam files; how many items there are. Raises `BadExams`."""
    campuses = sorted({clinic.campus for clinic in hospital.clinics})
    travel = [
        {"from_campus_id": one, "to_campus_id": other, "minutes": ACROSS_TOWN_MINUTES}
        for one in campuses
        for other in campuses
        if one != other
    ]
    body = {"zone": "UTC", "travel": travel}
    await suite.command("registration", "/exam-network", body, role=PLANNER, wish="exam network", method="PUT")
    imported = {kind: await _import(suite, kind) for kind in KINDS}
    return imported["items"]


async def _import(suite: Suite, kind: str) -> int:
    text = (HERE / f"exam_{kind}.csv").read_text("utf-8")
    path = f"/exam-{kind}/import"
    outcome = await suite.upload("registration", path, text, role=PLANNER, wish=f"exam {kind}")
    if rejected := outcome["rejected_rows"]:
        first = rejected[0]
        raise BadExams(f"exam_{kind}.csv line {first['line']}, {first['field']}: {first['reason']}")
    imported: int = outcome["imported"]
    return imported
