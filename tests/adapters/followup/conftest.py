"""The followup service on a real PostgreSQL, and the facts that others tell it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from services.followup.app import SERVICE
from shared.ids import dated_id, new_id
from shared.messages.beds.stays import LeaveUndone, PatientAdmitted
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.booking import AppointmentBooked
from shared.messages.registration.patients import PatientDeceased
from tests.support.service import ServiceFactory, ServiceUnderTest

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai."""
NURSE = "followup-nurse"
VERSIONS = count(1)


@dataclass(frozen=True)
class Case:
    """A patient and a stay, and what can be said of them."""

    patient_id: UUID
    stay_id: UUID

    @property
    def plan_id(self) -> UUID:
        """The id of the plan of a stay that the patient left at noon."""
        return dated_id(NOON, self.stay_id, "post-discharge")

    def again(self) -> "Case":
        """The same patient's next stay."""
        return Case(self.patient_id, new_id())

    def left(self, at: datetime = NOON, disposition: str = "home") -> PatientLeft:
        """The patient leaves the ward."""
        return PatientLeft(
            stay_id=self.stay_id,
            patient_id=self.patient_id,
            disposition=disposition,
            left_at=at,
            aggregate_version=next(VERSIONS),
        )

    def admitted(self, at: datetime) -> PatientAdmitted:
        """The patient lies in a bed."""
        return PatientAdmitted(
            stay_id=self.stay_id,
            patient_id=self.patient_id,
            bed_id="main/w1/1/1",
            ward_id="w1",
            campus_id="main",
            specialty="cardiology",
            source="clinic",
            admitted_at=at,
            aggregate_version=next(VERSIONS),
        )

    def undone(self, at: datetime) -> LeaveUndone:
        """The patient has the bed again, as if they had never left."""
        return LeaveUndone(
            stay_id=self.stay_id,
            patient_id=self.patient_id,
            bed_id="main/w1/1/1",
            ward_id="w1",
            campus_id="main",
            left_at=at,
            undone_at=at,
            aggregate_version=next(VERSIONS),
        )

    def died(self, on: date) -> PatientDeceased:
        """The register knows of the death."""
        return PatientDeceased(patient_id=self.patient_id, deceased_on=on, aggregate_version=next(VERSIONS))

    def booked(self, channel: str = "followup", clinic_id: str = "main-general-practice-1") -> AppointmentBooked:
        """Registration has booked a visit."""
        return AppointmentBooked(
            appointment_id=new_id(),
            patient_id=self.patient_id,
            session_id=new_id(),
            clinic_id=clinic_id,
            slot_starts_at=NOON + timedelta(days=5),
            visit_type="follow-up",
            channel=channel,
            aggregate_version=next(VERSIONS),
        )


@pytest.fixture
async def followup(run_service: ServiceFactory) -> AsyncIterator[ServiceUnderTest]:
    """The service, at noon in Shanghai."""
    async with run_service(SERVICE, at=NOON) as service:
        yield service


@pytest.fixture
def case() -> Case:
    """A patient nobody else knows."""
    return Case(new_id(), new_id())


def types(events: list[Any]) -> list[str]:
    """What was said, in short: `plan-opened`."""
    return [event.type.split(".")[1] for event in events]


async def first_task(followup: ServiceUnderTest, case: Case) -> UUID:
    """The patient has left and the first step has fallen due: its task."""
    await followup.deliver(case.left())
    followup.clock.set(NOON + timedelta(days=2))
    assert await followup.fire("followup-due") == 1
    [task] = await followup.sql("SELECT task_id FROM task WHERE patient_id = $1", case.patient_id)
    return task["task_id"]


async def attempt(followup: ServiceUnderTest, task_id: UUID, outcome: str, *, key: str | None = None, **more: Any):
    """A nurse records an attempt."""
    body = {"outcome": outcome, **more}
    return await followup.command("POST", f"/tasks/{task_id}/attempts", role=NURSE, body=body, key=key)
