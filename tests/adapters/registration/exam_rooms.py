"""The sample hospital's exams for tests: its catalogue, devices and ways, taken in over HTTP."""

from typing import Any
from uuid import UUID

import httpx

from services.simulator.hospital.files import HERE
from shared.ids import new_id
from tests.adapters.registration.conftest import Registration

KINDS = ("preparations", "items", "rules", "devices")
CAMPUSES = ("main", "north", "lakeside")


async def upload(registration: Registration, kind: str, content: bytes) -> httpx.Response:
    """Send one file of the catalogue."""
    headers = registration.service.headers("back-office") | {
        "Idempotency-Key": str(new_id()),
        "Content-Type": "text/csv",
    }
    return await registration.service.client.post(f"/exam-{kind}/import", content=content, headers=headers)


async def open_exams(registration: Registration) -> None:
    """Take in the sample catalogue, its devices and the ways between its campuses."""
    for kind in KINDS:
        answer = await upload(registration, kind, (HERE / f"exam_{kind}.csv").read_bytes())
        assert answer.json()["rejected_rows"] == [], answer.text
    travel = [
        {"from_campus_id": one, "to_campus_id": other, "minutes": 45}
        for one in CAMPUSES
        for other in CAMPUSES
        if one != other
    ]
    body = {"zone": "Asia/Shanghai", "travel": travel}
    answer = await registration.service.command("PUT", "/exam-network", role="back-office", body=body)
    assert answer.status_code == 200, answer.text


async def order(registration: Registration, patient: UUID, *items: str, **fields: Any) -> dict[str, Any]:
    """Write an order; the answer."""
    body = {"order_id": str(new_id()), "patient_id": str(patient), "item_codes": list(items), **fields}
    answer = await registration.post("/exam-orders", role="clinician", body=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def act(registration: Registration, written: dict[str, Any], what: str, body: Any = None, **named: Any):
    """Do something with an order: hold, booking, confirmation, cancellation, or exams/ITEM/move."""
    role = named.pop("role", "front-desk")
    return await registration.post(f"/exam-orders/{written['order']['order_id']}/{what}", role=role, body=body, **named)
