"""The uploading side and the treating side of materials, and a server that speaks clamd's protocol."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from services.registration.materials.model import PART_BYTES
from shared.ids import new_id
from tests.adapters.registration.conftest import Registration

PDF = b"%PDF-1.7\n" + b"a report\n" * 20_000 + b"%%EOF"


@dataclass
class Clam:
    """A server that speaks clamd's INSTREAM: what holds EICAR is infected."""

    server: asyncio.Server | None = None
    port: int = 0
    seen: list[int] = field(default_factory=list)
    answer: bytes | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(length)
        self.seen.append(len(content))
        verdict = b"stream: Eicar-Test-Signature FOUND" if b"EICAR" in content else b"stream: OK"
        writer.write((self.answer or verdict) + b"\0")
        await writer.drain()
        writer.close()


@dataclass
class Uploads(Registration):
    """Registration, and what the uploading side and the treating side do."""

    async def begin(self, content: bytes, **fields):
        patient_id = await self.patient()
        booked = (await self.take(await self.slot(), patient_id)).json()
        body = {
            "patient_id": str(patient_id),
            "appointment_id": booked["appointment_id"],
            "kind": "laboratory-report",
            "size_bytes": len(content),
        } | fields
        return await self.post("/materials", role="patient-app", body=body)

    async def part(self, material_id: str, offset: int, content: bytes, key: str | None = None):
        headers = {**self.service.headers("patient-app"), "Idempotency-Key": key or str(new_id())}
        headers["Content-Type"] = "application/octet-stream"
        return await self.service.client.patch(
            f"/materials/{material_id}/parts/{offset}", content=content, headers=headers
        )

    async def upload(self, content: bytes, **fields) -> dict:
        """Begin, and send everything; the material as the last part answered."""
        begun = await self.begin(content, **fields)
        assert begun.status_code == 201, begun.text
        for offset in range(0, len(content), PART_BYTES):
            answer = await self.part(begun.json()["material_id"], offset, content[offset : offset + PART_BYTES])
            assert answer.status_code == 200, answer.text
        return answer.json()

    async def state(self, material: dict) -> dict:
        path = f"/materials/{material['material_id']}"
        return (await self.service.get(path, role="patient-app")).json()

    async def available(self, **fields) -> dict:
        """A report that can be read."""
        material = await self.upload(PDF, **fields)
        await self.service.fire("scans")
        return material

    async def link(self, material: dict, role: str = "clinician", **claims):
        """Ask for one, as somebody of the clinic where the patient has the appointment unless told otherwise."""
        claims = claims or {"clinics": [await self.clinic_of(material)]}
        return await self.post(f"/materials/{material['material_id']}/links", role=role, **claims)

    async def clinic_of(self, material: dict) -> str:
        query = "SELECT clinic_id FROM appointment WHERE appointment_id = $1"
        return (await self.service.sql(query, UUID(material["appointment_id"])))[0]["clinic_id"]

    async def read(self, url: str, role: str = "clinician", **claims):
        return await self.service.client.get(url, headers=self.service.headers(role, **claims))

    async def trail(self, material: dict) -> list[tuple[str, str, str]]:
        """Who asked for it, why, and what came of it."""
        path = f"/materials/{material['material_id']}/reads"
        noted = (await self.service.get(path, role="back-office")).json()["reads"]
        return [(one["subject"], one["purpose"], one["outcome"]) for one in noted]

    async def parts_kept(self) -> int:
        return (await self.service.sql("SELECT count(*) FROM material_part"))[0]["count"]
