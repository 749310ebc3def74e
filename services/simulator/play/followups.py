"""Answering what follow-up asks: due tasks by the rule of `answers`, wished visits by opening a session for them."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from services.simulator.play.agenda import Agenda
from services.simulator.play.answers import outcome_of
from services.simulator.play.suite import Suite
from services.simulator.play.visits import Visits
from shared.clock import utc

NURSE = "followup-nurse"
FRONT_DESK = "front-desk"
CLINICIAN = "clinician"
FOLLOWUP = "followup"


class Followups:
    """The calls after a stay, and the visits that come of them."""

    def __init__(self, suite: Suite, visits: Visits, agenda: Agenda) -> None:
        self._suite = suite
        self._visits = visits
        self._agenda = agenda
        self._seen: set[str] = set()
        self._stays: dict[str, UUID] = {}
        self._opened: Counter[str] = Counter()

    async def answer_due(self) -> bool:
        """Call every patient whose task is ready. Whether anybody wished to be seen."""
        tasks = await self._suite.get("followup", "/tasks", role=NURSE, status="ready", limit=500)
        wishes = 0
        for task in tasks["tasks"]:
            stay_id = await self._stay(task["plan_id"])
            attempt = {"contact_kind": "phone", "outcome": outcome_of(stay_id, task["step"])}
            path, wish = f"/tasks/{task['task_id']}/attempts", f"answer {stay_id} {task['step']}"
            answer = await self._suite.command("followup", path, attempt, role=NURSE, wish=wish)
            wishes += answer["visit_request_id"] is not None
        return wishes > 0

    async def open_for_wishes(self) -> int:
        """Open the clinic on the next day that each waiting wish allows; for how many there was one."""
        waiting = await self._suite.get("registration", "/visit-requests", role=FRONT_DESK, status="waitlisted")
        opened = 0
        for wish in waiting["visit_requests"]:
            day = date.fromisoformat(wish["earliest_on"]) + timedelta(days=self._opened[wish["visit_request_id"]])
            if day <= date.fromisoformat(wish["latest_on"]):
                self._opened[wish["visit_request_id"]] += 1
                await self._visits.open(wish["clinic_id"], day)
                opened += 1
        return opened

    async def _stay(self, plan_id: str) -> UUID:
        """The stay that a plan follows."""
        if plan_id not in self._stays:
            plan = await self._suite.get("followup", f"/plans/{plan_id}", role=NURSE)
            self._stays[plan_id] = UUID(plan["stay_id"])
        return self._stays[plan_id]

    async def expect_booked(self) -> None:
        """Put the arrival and the end of newly booked follow-up visits on the agenda."""
        booked = await self._suite.get("registration", "/appointments", role=FRONT_DESK, status="booked", limit=1000)
        for appointment in booked["appointments"]:
            name = appointment["appointment_id"]
            if appointment["channel"] == FOLLOWUP and name not in self._seen:
                self._seen.add(name)
                starts_at = utc(datetime.fromisoformat(appointment["slot_starts_at"]))
                self._agenda.plan(starts_at, partial(self._come, name))

    async def _come(self, name: str) -> None:
        """The patient comes and is seen at once, unless the booking has ended meanwhile."""
        appointment = await self._suite.get("registration", f"/appointments/{name}", role=FRONT_DESK)
        if appointment["status"] != "booked":
            return
        for step, role in (("arrival", FRONT_DESK), ("completion", CLINICIAN)):
            path = f"/appointments/{name}/{step}"
            await self._suite.command("registration", path, role=role, wish=f"{step} {name}")
