"""The driver of time: it jumps from happening to happening and waits only where the next step needs an effect.

Invariant: the same recording plays the same. Time moves to the earliest of the next happening and the services' next
due instant; it never passes a timer that has not fired.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.simulator.catalogue.model import Catalogue
from services.simulator.hospital.model import Hospital
from services.simulator.play.agenda import Agenda
from services.simulator.play.exams import Exams
from services.simulator.play.followups import Followups
from services.simulator.play.people import People, first_day
from services.simulator.play.quiet import Quiet, Reading
from services.simulator.play.stays import Stays
from services.simulator.play.suite import Suite
from services.simulator.play.visits import Visits
from services.simulator.play.waiting import Waiting, handover_of
from services.simulator.reading.model import Patient, Recording
from shared.clock import ClockDriver

OPENING = timedelta(days=1)
"""The hospital opens a day before its first patient."""

OnProgress = Callable[[int, int, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is played, and where."""

    recording: Recording
    hospital: Hospital
    catalogue: Catalogue
    suite: Suite
    quiet: Quiet
    clock: ClockDriver


class Driver:
    """Plays one recording."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._agenda = Agenda()
        self._people = People(scene.suite)
        self._visits = Visits(scene.suite, scene.hospital, self._agenda)
        self._waiting = Waiting(scene.suite, self._visits)
        self._exams = Exams(scene.suite, self._agenda)
        self._followups = Followups(scene.suite, self._visits, self._agenda)
        self._stays = Stays(
            suite=scene.suite,
            hospital=scene.hospital,
            catalogue=scene.catalogue,
            people=self._people,
            agenda=self._agenda,
            settle=scene.quiet.wait,
        )

    def plan(self) -> datetime:
        """Put everything recorded on the agenda; the instant before the first happening."""
        recording, plan = self._scene.recording, self._agenda.plan
        covers = self._scene.catalogue.covers(recording)
        patients = {patient.patient_id: patient for patient in recording.patients}
        for patient in recording.patients:
            cover = covers[patient.patient_id]
            plan(first_day(patient), partial(self._people.register, patient, cover), rank=-2)
        handover = handover_of(recording)
        handed = (handover.moving, handover.waiting) if handover else ()
        for visit in recording.visits:
            self._visits.plan(recording, patients[visit.patient_id], visit, books=visit not in handed)
        if handover:
            moving, campus_id = patients[handover.moving.patient_id], self._scene.hospital.campuses[0]
            plan(handover.at, partial(self._waiting.play, handover, moving, campus_id))
        self._exams.plan(recording)
        for stay in recording.stays:
            self._stays.plan(recording, patients[stay.patient_id], stay, covers[stay.patient_id])
        for patient_id, died_at in recording.deaths.items():
            plan(died_at, partial(self._die, patients[patient_id], died_at), rank=3)
        return (self._agenda.next_at() or self._scene.clock.now()) - OPENING

    async def play(self, on_progress: OnProgress) -> Reading:
        """Play until nothing is left to happen and nothing is due. Returns the last reading."""
        clock, quiet = self._scene.clock, self._scene.quiet
        while True:
            planned_at, due_at = self._agenda.next_at(), quiet.next_due_at
            instants = [instant for instant in (planned_at, due_at) if instant is not None]
            if not instants:
                last = await quiet.wait()
                if quiet.next_due_at is None and len(self._agenda) == 0:
                    return last
                continue
            earliest = min(instants)
            clock.advance_to(max(earliest, clock.now()))
            if planned_at == earliest:
                await self._agenda.do_next()
            else:
                await self._let_due()
            on_progress(self._agenda.done, len(self._agenda), earliest)

    async def _let_due(self) -> None:
        """Timers fire; then people do what is asked of them, and what comes of that, until nobody is asked."""
        clock, quiet = self._scene.clock, self._scene.quiet
        await quiet.wait_fired(clock.now())
        if await self._followups.answer_due():
            await quiet.wait()
            while await self._followups.open_for_wishes():
                await quiet.wait()
            await self._followups.expect_booked()

    async def _die(self, patient: Patient, died_at: datetime) -> None:
        await self._people.die(patient, died_at)
        await self._scene.quiet.wait()
