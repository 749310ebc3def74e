"""A full session and those who wait for it, and what must hold of a waitlist whatever has happened."""

from datetime import datetime
from uuid import UUID

from services.registration.schedules.model import SlotKey

BROKEN = {
    "a slot holds other than its appointments": """
        SELECT slot.starts_at FROM slot LEFT JOIN appointment
            ON appointment.session_id = slot.session_id AND appointment.slot_starts_at = slot.starts_at
                AND appointment.status IN ('held', 'booked', 'arrived', 'completed')
        GROUP BY slot.session_id, slot.starts_at HAVING count(appointment) <> slot.booked OR slot.booked > slot.capacity
    """,
    "an offer is no hold of its own": """
        SELECT entry_id FROM waitlist_entry LEFT JOIN appointment USING (appointment_id)
        WHERE waitlist_entry.status = 'offered' AND (appointment.status IS DISTINCT FROM 'held'
            OR appointment.held_until <> waitlist_entry.offered_until
            OR appointment.patient_id <> waitlist_entry.patient_id)
    """,
    "an accepted place is not booked": """
        SELECT entry_id FROM waitlist_entry JOIN appointment USING (appointment_id)
        WHERE waitlist_entry.status = 'accepted' AND appointment.booked_at IS NULL
    """,
    "a place is free while somebody waits for it": """
        SELECT entry_id FROM waitlist_entry JOIN slot USING (clinic_id)
            JOIN session ON session.session_id = slot.session_id
        WHERE waitlist_entry.status = 'waiting' AND slot.booked < slot.capacity
            AND slot.starts_at > $1::timestamptz + interval '65 minutes'
            AND coalesce(waitlist_entry.session_id, slot.session_id) = slot.session_id
            AND session.session_on BETWEEN earliest_on AND latest_on
            AND NOT EXISTS (SELECT FROM appointment WHERE appointment.session_id = slot.session_id
                            AND appointment.patient_id = waitlist_entry.patient_id)
    """,
}


class FullSession:
    """A session of two slots, every place of it booked."""

    def __init__(self, registration, slot: SlotKey, clinic_id: str, booked: list[str]) -> None:
        self.registration = registration
        self.slot = slot
        self.clinic_id = clinic_id
        self.booked = booked

    @classmethod
    async def of(cls, registration, *, capacity: int = 1, days: int = 1) -> "FullSession":
        slot = await registration.slot(capacity=capacity, days=days)
        query = "SELECT starts_at, clinic_id FROM slot WHERE session_id = $1 ORDER BY starts_at"
        slots = await registration.service.sql(query, slot.session_id)
        booked = []
        for one in slots:
            key = SlotKey(session_id=slot.session_id, starts_at=one["starts_at"])
            for patient in await registration.patients(capacity):
                answer = await registration.take(key, patient)
                booked.append(answer.json()["appointment_id"])
        return cls(registration, slot, slots[0]["clinic_id"], booked)

    async def join(self, patient: UUID | None = None, *, role: str = "front-desk", **fields):
        body = {
            "patient_id": str(patient or await self.registration.patient()),
            "session_id": str(self.slot.session_id),
            "visit_type": "outpatient",
            "channel": "app",
        } | fields
        return await self.registration.post("/waitlist", role=role, body=body)

    async def joined(self, patient: UUID | None = None, **fields) -> str:
        answer = await self.join(patient, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["entry_id"]

    async def cancel(self, appointment_id: str | None = None, reason: str = "patient"):
        one = appointment_id or self.booked.pop(0)
        return await self.registration.post(f"/appointments/{one}/cancellation", body={"reason": reason})

    async def answer(self, entry_id: str, word: str):
        return await self.registration.post(f"/waitlist/{entry_id}/{word}")

    async def entry(self, entry_id: str, role: str = "patient-app") -> dict:
        return (await self.registration.service.get(f"/waitlist/{entry_id}", role=role)).json()

    async def statuses(self, *entries: str) -> list[str]:
        return [(await self.entry(one))["status"] for one in entries]


async def faults(registration, now: datetime) -> dict[str, list]:
    """What of it does not hold, with the rows."""
    found = {}
    for name, query in BROKEN.items():
        found[name] = await registration.service.sql(query, *([now] if "$1" in query else []))
    return {name: rows for name, rows in found.items() if rows}
