"""Registration running on a database of its own, with a clinic, patients, and short ways to ask it for things."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.registration.app import SERVICE
from services.registration.booking.lane import Lane
from services.registration.booking.model import Channel, TakePlace
from services.registration.booking.taking import Keyed
from services.registration.schedules.model import SlotKey
from shared.envelope import Origin
from shared.ids import new_id
from tests.support.service import NOON, ServiceUnderTest

ORIGIN = Origin(correlation_id="test", causation_id="test")
WRITE_PATIENTS = """
INSERT INTO patient (patient_id, name, sex, born_on, insutype, retired, low_income, version)
SELECT unnest($1::uuid[]), 'Invented Person', 'F', '1980-01-01', '310', false, false, 1
"""


@dataclass
class Registration:
    """The service under test, and what a client of it does."""

    service: ServiceUnderTest
    numbers: count = field(default_factory=count)
    heard: int = 0

    @property
    def lane(self) -> Lane:
        return self.service.host.app.state.lane

    async def patients(self, how_many: int) -> list[UUID]:
        ids = [new_id() for _ in range(how_many)]
        async with self.service.database.work() as work:
            await (await work.sql()).execute(WRITE_PATIENTS, ids)
        return ids

    async def patient(self) -> UUID:
        return (await self.patients(1))[0]

    async def clinic(self, clinic_id: str = "cardiology", *, capacity: int = 1, zone: str = "UTC", **line: Any) -> str:
        """A clinic that sees patients every day from 08:00 to 09:00, unless told otherwise."""
        hours = {"from": "08:00", "to": "09:00", "slot_minutes": 30, "capacity": capacity} | line
        template = [{"weekday": weekday, **hours} for weekday in range(1, 8)]
        body = {"campus_id": "main", "specialty": "cardiology", "zone": zone, "template": template}
        answer = await self.service.command("PUT", f"/clinics/{clinic_id}", role="back-office", body=body)
        assert answer.status_code == 200, answer.text
        return clinic_id

    async def open(self, clinic_id: str, day: datetime) -> list[dict[str, Any]]:
        body = {"from_on": day.date().isoformat(), "to_on": day.date().isoformat()}
        answer = await self.service.command("POST", f"/clinics/{clinic_id}/sessions", role="back-office", body=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["sessions"]

    async def slot(self, *, capacity: int = 1, days: int = 1) -> SlotKey:
        """The first slot of a new clinic, some days after noon of the test's day."""
        clinic_id = await self.clinic(f"clinic-{next(self.numbers)}", capacity=capacity)
        (session,) = await self.open(clinic_id, NOON + timedelta(days=days))
        return SlotKey(session_id=UUID(session["session_id"]), starts_at=datetime.fromisoformat(session["starts_at"]))

    async def post(self, path: str, *, role: str = "front-desk", **asked: Any) -> httpx.Response:
        """`asked` is the body, the key, and claims of the token."""
        return await self.service.command("POST", path, role=role, **asked)

    async def take(
        self, slot: SlotKey, patient_id: UUID, *, hold: bool = False, key: str | None = None, **fields: Any
    ) -> httpx.Response:
        """Ask for a place over HTTP."""
        body = {
            "patient_id": str(patient_id),
            "session_id": str(slot.session_id),
            "slot_starts_at": slot.starts_at.isoformat(),
            "visit_type": "outpatient",
            "channel": "app",
        }
        return await self.post("/holds" if hold else "/appointments", body=body | fields, key=key)

    async def ask(self, slot: SlotKey, patient_id: UUID, *, key: str | None = None, **fields: Any):
        """Ask the lane itself for a place."""
        return await self.lane.ask(keyed(slot, patient_id, key=key, **fields))

    async def places(self, slot: SlotKey) -> dict[str, Any]:
        query = "SELECT booked, capacity, last_ordinal FROM slot WHERE session_id = $1 AND starts_at = $2"
        return (await self.service.sql(query, slot.session_id, slot.starts_at))[0]


def keyed(slot: SlotKey, patient_id: UUID, *, key: str | None = None, **fields: Any) -> Keyed:
    """A request for a place, to be put into the lane."""
    take = TakePlace(
        **{
            "appointment_id": new_id(),
            "patient_id": patient_id,
            "slot": slot,
            "hold": False,
            "visit_type": "outpatient",
            "channel": Channel.APP,
            **fields,
        }
    )
    asked = f"{patient_id} {slot} {fields.get('hold')} {fields.get('encounter_id')}"
    return Keyed(key=key or str(new_id()), route="/appointments", body_hash=asked.encode(), take=take, origin=ORIGIN)


@pytest.fixture
async def registration(run_service):
    """Registration, running."""
    async with run_service(SERVICE) as service:
        yield Registration(service)
