"""The waitlist at work, with recorded visits: one patient moves, and the place goes to one who waited for it.

Two visits of two patients that are booked at the same time are booked by way of a clinic with a single place. The first
patient has it and moves to where the recording wants them; the second has waited for it, is offered it and accepts. A
third waits in vain. Both visits are booked once, as without this, and no figure of theirs changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from uuid import UUID

from services.simulator.play.opening import clock_time
from services.simulator.play.people import first_day
from services.simulator.play.suite import Suite
from services.simulator.play.visits import Visits
from services.simulator.reading.model import Encounter, Patient, Recording
from services.simulator.reading.timing import booked_at

APP = "patient-app"
PLANNER = "back-office"
CLINIC = "SINGLE-PLACE"
SLOT = timedelta(minutes=30)
AHEAD = timedelta(hours=6)
"""An offer needs time before the cut-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Who moves, who gets the place, and who waits in vain, from `at` on."""

    at: datetime
    moving: Encounter
    waiting: Encounter
    in_vain: Patient


def handover_of(recording: Recording) -> Handover | None:
    """The earliest two visits that can be played so; None where no two are booked at the same time."""
    patients = {patient.patient_id: patient for patient in recording.patients}
    kept = [visit for visit in recording.visits if not recording.is_cancelled_by_death(visit)]
    found = (_handover(recording, patients, one, other) for one, other in combinations(sorted(kept, key=_start), 2))
    return next((one for one in found if one is not None), None)


def _handover(
    recording: Recording, patients: Mapping[UUID, Patient], one: Encounter, other: Encounter
) -> Handover | None:
    at = max(booked_at(patients[visit.patient_id], visit) for visit in (one, other))
    third = next(
        (
            patient
            for patient in recording.patients
            if patient.patient_id not in (one.patient_id, other.patient_id)
            and first_day(patient) < at
            and recording.deaths.get(patient.patient_id, other.started_at + SLOT) > other.started_at
        ),
        None,
    )
    if one.patient_id == other.patient_id or third is None or one.started_at - at < AHEAD:
        return None
    return Handover(at=at, moving=one, waiting=other, in_vain=third)


def _start(visit: Encounter) -> tuple[datetime, int]:
    return visit.started_at, visit.line


class Waiting:
    """Plays a handover."""

    def __init__(self, suite: Suite, visits: Visits) -> None:
        self._suite = suite
        self._visits = visits

    async def play(self, handover: Handover, moving: Patient, campus_id: str) -> None:
        """From the full clinic to both visits booked."""
        slot_starts_at = handover.waiting.started_at.replace(second=0, microsecond=0)
        slot_starts_at -= timedelta(minutes=slot_starts_at.minute % 30)
        await self._build(slot_starts_at, campus_id)
        session_id = await self._visits.open(CLINIC, slot_starts_at.date())
        own = await self._visits.place_of(moving, handover.moving)
        here = {"session_id": session_id, "slot_starts_at": slot_starts_at.isoformat()}
        appointment_id = await self._visits.take(handover.moving, here)
        entry_id = await self._join(handover.waiting.patient_id, handover.waiting.encounter_class, session_id)
        await self._join(handover.in_vain.patient_id, handover.waiting.encounter_class, session_id)
        await self._ask(f"/appointments/{appointment_id}/reschedule", own, "move")
        accepted = await self._ask(f"/waitlist/{entry_id}/acceptance", None, "accept")
        self._visits.expect(handover.waiting, accepted["appointment_id"])

    async def _build(self, slot_starts_at: datetime, campus_id: str) -> None:
        """A clinic that has one place a week."""
        since_midnight = slot_starts_at - slot_starts_at.replace(hour=0, minute=0)
        line = {
            "weekday": slot_starts_at.isoweekday(),
            "from": clock_time(since_midnight),
            "to": clock_time(since_midnight + SLOT),
            "slot_minutes": 30,
            "capacity": 1,
        }
        body = {
            "campus_id": campus_id,
            "specialty": "general-practice",
            "zone": "UTC",
            "name_zh": "候补演示门诊",
            "name_en": "Clinic with a single place",
            "template": [line],
        }
        path, wish = f"/clinics/{CLINIC}", f"clinic {CLINIC}"
        await self._suite.command("registration", path, body, role=PLANNER, wish=wish, method="PUT")

    async def _join(self, patient_id: UUID, visit_type: str, session_id: str) -> str:
        wish = {"patient_id": str(patient_id), "session_id": session_id, "visit_type": visit_type, "channel": "app"}
        entry = await self._ask("/waitlist", wish, f"join {patient_id}")
        entry_id: str = entry["entry_id"]
        return entry_id

    async def _ask(self, path: str, body: object, wish: str) -> dict[str, str]:
        answer: dict[str, str] = await self._suite.command(
            "registration", path, body, role=APP, wish=f"waitlist {wish}"
        )
        return answer
