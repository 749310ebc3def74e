"""Playing recorded visits: booked ahead through a hold, arrived for, called, completed; one place a clinic session.

Clinics open on the days that need them: whoever finds no session asks the clinic to open that day's.
"""

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from services.simulator.hospital.model import Clinic, Hospital
from services.simulator.play.agenda import Agenda
from services.simulator.play.calling import Calling, called_at
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Encounter, Patient, Recording
from services.simulator.reading.timing import booked_at

APP = "patient-app"
FRONT_DESK = "front-desk"
PLANNER = "back-office"
CLINICIAN = "clinician"


class Visits:
    """The outpatient side of a recording."""

    def __init__(self, suite: Suite, hospital: Hospital, agenda: Agenda) -> None:
        self._suite = suite
        self._hospital = hospital
        self._agenda = agenda
        self._calling = Calling(suite)
        self._sessions: dict[tuple[str, date], str] = {}
        self._appointments: dict[UUID, str] = {}
        self._taken: set[tuple[UUID, str, date]] = set()

    def plan(self, recording: Recording, patient: Patient, visit: Encounter, *, books: bool = True) -> None:
        """Put the visit's happenings on the agenda; after a death only the booking, which others may see to."""
        if books:
            self._agenda.plan(booked_at(patient, visit), partial(self._book, patient, visit))
        if not recording.is_cancelled_by_death(visit):
            self._agenda.plan(visit.started_at, partial(self._arrive, visit))
            self._agenda.plan(called_at(visit), partial(self._call, visit))
            self._agenda.plan(visit.stopped_at, partial(self._complete, visit), rank=1)

    async def open(self, clinic_id: str, day: date) -> str:
        """The clinic's session of that day, opened where it is not open yet."""
        if (clinic_id, day) not in self._sessions:
            path = f"/clinics/{clinic_id}/sessions"
            body = {"from_on": day.isoformat(), "to_on": day.isoformat()}
            opened = await self._suite.command("registration", path, body, role=PLANNER, wish=f"open {clinic_id} {day}")
            self._sessions[clinic_id, day] = opened["sessions"][0]["session_id"]
        return self._sessions[clinic_id, day]

    async def _book(self, patient: Patient, visit: Encounter) -> None:
        await self.take(visit, await self.place_of(patient, visit))

    async def place_of(self, patient: Patient, visit: Encounter) -> dict[str, str]:
        """The session and slot in which the visit takes place."""
        day = visit.started_at.date()
        clinic = self._clinic(patient, visit, day)
        return {"session_id": await self.open(clinic.clinic_id, day), "slot_starts_at": slot_of(clinic, visit)}

    async def take(self, visit: Encounter, place: dict[str, str]) -> str:
        """Hold that place for five minutes, then confirm it: what an app does."""
        hold = {
            **place,
            "patient_id": str(visit.patient_id),
            "visit_type": visit.encounter_class,
            "channel": "app",
            "encounter_id": str(visit.encounter_id),
        }
        wish = f"hold {visit.encounter_id}"
        held = await self._suite.command("registration", "/holds", hold, role=APP, wish=wish)
        appointment_id: str = held["appointment_id"]
        self.expect(visit, appointment_id)
        path = f"/appointments/{appointment_id}/confirmation"
        await self._suite.command("registration", path, role=APP, wish=f"confirm {visit.encounter_id}")
        return appointment_id

    def expect(self, visit: Encounter, appointment_id: str) -> None:
        """The visit is booked as that appointment."""
        self._appointments[visit.encounter_id] = appointment_id

    def _clinic(self, patient: Patient, visit: Encounter, day: date) -> Clinic:
        """The best clinic in whose session of that day the patient has no place yet."""
        for clinic in self._hospital.clinics_for(patient, visit):
            place = (patient.patient_id, clinic.clinic_id, day)
            if place not in self._taken:
                self._taken.add(place)
                return clinic
        raise LookupError(f"no clinic is left for a patient on {day}: add clinics to the sample hospital")

    async def _arrive(self, visit: Encounter) -> None:
        self._calling.arrived(await self._step(visit, "arrival", FRONT_DESK))

    async def _call(self, visit: Encounter) -> None:
        await self._calling.call(self._appointments[visit.encounter_id])

    async def _complete(self, visit: Encounter) -> None:
        await self._step(visit, "completion", CLINICIAN)
        self._calling.ended(self._appointments[visit.encounter_id])

    async def _step(self, visit: Encounter, step: str, role: str) -> dict[str, Any]:
        path = f"/appointments/{self._appointments[visit.encounter_id]}/{step}"
        answer: dict[str, Any] = await self._suite.command(
            "registration", path, role=role, wish=f"{step} {visit.encounter_id}"
        )
        return answer


def slot_of(clinic: Clinic, visit: Encounter) -> str:
    """The start of the slot in which the visit begins, counted from midnight UTC."""
    midnight = visit.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    slot = timedelta(minutes=clinic.slot_minutes)
    return (midnight + (visit.started_at - midnight) // slot * slot).isoformat()
