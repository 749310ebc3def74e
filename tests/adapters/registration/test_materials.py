"""Materials: uploaded in parts, kept in quarantine until they are scanned, read by the treating side alone."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.registration.app import SERVICE
from services.registration.materials.links import Link
from services.registration.materials.model import LARGEST_BYTES, MOST_SCANS, PART_BYTES, SMALLEST_PART_BYTES
from shared.clock import wall_now
from shared.ids import new_id
from shared.messages.registration.materials import MaterialReceived, MaterialRejected
from tests.adapters.registration.conftest import Registration

PDF = b"%PDF-1.7\n" + b"a report\n" * 20_000 + b"%%EOF"
DICOM = bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\x08\x00\x00\x00" + b"\x02\x00\x10\x00UI\x00\x00" + bytes(200)
ZIP = b"PK\x03\x04" + bytes(200)


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

    async def link(self, material: dict, role: str = "clinician"):
        return await self.post(f"/materials/{material['material_id']}/links", role=role)

    async def read(self, url: str, role: str = "clinician", subject: str = "tester"):
        headers = {"Authorization": f"Bearer {self.service.token(role, subject=subject)}"}
        return await self.service.client.get(url, headers=headers)

    async def parts_kept(self) -> int:
        return (await self.service.sql("SELECT count(*) FROM material_part"))[0]["count"]


@pytest.fixture
async def clam():
    one = Clam()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def uploads(run_service, tmp_path, clam):
    async with run_service(SERVICE, materials=str(tmp_path), scanner=f"127.0.0.1:{clam.port}") as service:
        yield Uploads(service)


async def said(uploads, kind):
    return [one for one in await uploads.service.said() if isinstance(one, kind)]


async def test_a_clean_report_is_scanned_kept_and_read_by_a_clinician_who_is_written_down(uploads, clam, tmp_path):
    content = PDF + b"x" * (2 * PART_BYTES)
    material = await uploads.upload(content, sha256=sha256(content).hexdigest())
    assert (material["state"], material["media_type"]) == ("quarantined", "application/pdf")
    assert (await uploads.link(material)).json()["code"] == "not-available"
    assert await uploads.service.fire("scans") == 1
    assert clam.seen == [len(content)]
    assert (await uploads.state(material))["state"] == "available"
    assert [one.media_type for one in await said(uploads, MaterialReceived)] == ["application/pdf"]
    assert await uploads.parts_kept() == 0
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [material["material_id"]]
    url = (await uploads.link(material)).json()["url"]
    read = await uploads.read(url)
    assert (read.content, read.headers["content-type"]) == (content, "application/pdf")
    assert read.headers["content-disposition"] == "attachment"
    path = f"/materials/{material['material_id']}/reads"
    (noted,) = (await uploads.service.get(path, role="back-office")).json()["reads"]
    assert noted["subject"] == "tester"


async def test_what_was_read_can_neither_be_changed_nor_removed(uploads):
    material = await uploads.upload(PDF)
    await uploads.service.fire("scans")
    await uploads.read((await uploads.link(material)).json()["url"])
    for statement in ("DELETE FROM material_read", "UPDATE material_read SET subject = 'nobody'"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with uploads.service.database.work() as work:
                await work.session.connection()
                await (await work.session.connection()).exec_driver_sql(statement)


async def test_an_upload_goes_on_where_it_broke_off_and_a_wrong_offset_is_told_the_right_one(uploads):
    begun = (await uploads.begin(PDF)).json()
    half = len(PDF) // 2
    key = str(new_id())
    first = await uploads.part(begun["material_id"], 0, PDF[:half], key)
    again = await uploads.part(begun["material_id"], 0, PDF[:half], key)
    assert first.json() == again.json()
    ahead = await uploads.part(begun["material_id"], half + 10, PDF[half + 10 :])
    assert (ahead.status_code, ahead.json()["code"]) == (409, "offset-differs")
    assert str(half) in ahead.json()["remedy"]
    assert (await uploads.state(begun))["received_bytes"] == half
    assert (await uploads.part(begun["material_id"], half, PDF[half:])).json()["state"] == "quarantined"
    late = await uploads.part(begun["material_id"], len(PDF), b"more")
    assert late.json()["code"] == "not-uploading"


async def test_of_two_parts_for_the_same_place_sent_at_once_one_is_taken(uploads):
    begun = (await uploads.begin(PDF)).json()
    sent = [uploads.part(begun["material_id"], 0, PDF[: len(PDF) // 2]) for _ in range(4)]
    statuses = sorted(one.status_code for one in await asyncio.gather(*sent))
    assert statuses == [200, 409, 409, 409]


@pytest.mark.parametrize("content", [ZIP, b"MZ" + bytes(300), b"just text", DICOM[:100], DICOM[:140]])
async def test_what_has_no_allowed_type_is_rejected_with_its_first_part(uploads, content):
    material = await uploads.upload(content)
    assert (material["state"], material["reject_reason"]) == ("rejected", "type-not-allowed")
    assert [one.reason for one in await said(uploads, MaterialRejected)] == ["type-not-allowed"]
    assert await uploads.parts_kept() == 0


async def test_a_dicom_file_is_told_by_the_bytes_behind_its_preamble(uploads):
    assert (await uploads.upload(DICOM))["media_type"] == "application/dicom"


async def test_what_is_not_as_it_was_declared_is_refused_or_rejected(uploads):
    differs = await uploads.upload(PDF, sha256="0" * 64)
    assert (differs["state"], differs["reject_reason"]) == ("rejected", "digest-differs")
    assert await uploads.parts_kept() == 0
    short = (await uploads.begin(PDF, size_bytes=len(PDF) - 1)).json()
    lie = await uploads.part(short["material_id"], 0, PDF)
    assert (lie.status_code, lie.json()["code"]) == (409, "larger-than-declared")
    crumb = await uploads.part(short["material_id"], 0, PDF[: SMALLEST_PART_BYTES - 1])
    assert crumb.json()["code"] == "part-too-small"


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=b", "application/pdf"])
async def test_a_part_that_is_wrapped_in_anything_is_refused_and_the_upload_goes_on(uploads, media_type):
    begun = (await uploads.begin(PDF)).json()
    path = f"/materials/{begun['material_id']}/parts/0"
    headers = {**uploads.service.headers("patient-app"), "Idempotency-Key": str(new_id()), "Content-Type": media_type}
    refused = await uploads.service.client.patch(path, content=b"--b\r\n" + PDF, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported-media-type")
    assert "application/octet-stream" in refused.json()["remedy"]
    assert (await uploads.part(begun["material_id"], 0, PDF)).json()["state"] == "quarantined"


async def test_too_much_is_refused_before_it_is_taken(uploads):
    large = await uploads.begin(b"", size_bytes=LARGEST_BYTES + 1)
    assert (large.status_code, large.json()["code"]) == (413, "material-too-large")
    assert large.json()["fields"][0]["field"] == "size_bytes"
    begun = (await uploads.begin(b"", size_bytes=LARGEST_BYTES)).json()
    part = await uploads.part(begun["material_id"], 0, b"%PDF-" + bytes(PART_BYTES))
    assert part.status_code == 413
    assert (await uploads.state(begun))["received_bytes"] == 0


async def test_a_material_belongs_to_an_appointment_or_an_application_of_the_patients(uploads):
    assert (await uploads.begin(PDF, appointment_id=str(new_id()))).json()["code"] == "appointment-missing"
    other = await uploads.begin(PDF, patient_id=str(await uploads.patient()))
    assert (other.status_code, other.json()["code"]) == (404, "appointment-missing")
    unknown = await uploads.begin(PDF, appointment_id=None, application_id=str(new_id()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "application-missing")
    assert (await uploads.begin(PDF, application_id=str(new_id()))).status_code == 422
    assert (await uploads.part(str(new_id()), 0, PDF)).status_code == 404
    assert (await uploads.state({"material_id": str(new_id())}))["code"] == "material-missing"


async def test_what_is_infected_never_reaches_the_store(uploads, tmp_path):
    material = await uploads.upload(PDF + b"EICAR")
    assert await uploads.service.fire("scans") == 1
    assert (await uploads.state(material))["reject_reason"] == "infected"
    assert [one.reason for one in await said(uploads, MaterialRejected)] == ["infected"]
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]
    assert await uploads.parts_kept() == 0
    assert (await uploads.link(material)).status_code == 409


async def test_without_the_scanner_it_stays_in_quarantine_is_tried_later_and_in_the_end_waits_to_be_asked(
    uploads, clam
):
    material = await uploads.upload(PDF)
    await clam.stop()
    for attempt in range(1, MOST_SCANS + 1):
        assert await uploads.service.fire("scans") == 1
        (waiting,) = (await uploads.service.get("/quarantine", role="operator")).json()["materials"]
        assert (waiting["scans"], waiting["state"]) == (attempt, "quarantined")
        assert await uploads.service.fire("scans") == 0
        uploads.service.clock.advance(timedelta(hours=3))
    assert waiting["scan_given_up"]
    await clam.start()
    assert await uploads.service.fire("scans") == 0
    again = await uploads.post(f"/materials/{material['material_id']}/scan", role="operator")
    assert again.status_code == 200
    assert await uploads.service.fire("scans") == 1
    assert (await uploads.state(material))["state"] == "available"
    assert (await uploads.post(f"/materials/{material['material_id']}/scan", role="operator")).status_code == 409


async def test_words_that_are_no_verdict_make_nothing_clean(uploads, clam):
    clam.answer = b"INSTREAM size limit exceeded. ERROR"
    material = await uploads.upload(PDF)
    await uploads.service.fire("scans")
    assert (await uploads.state(material))["state"] == "quarantined"


async def test_a_house_that_has_named_no_scanner_keeps_all_in_quarantine_and_one_that_scans_nothing_says_so(
    run_service, tmp_path
):
    async with run_service(SERVICE, materials=str(tmp_path)) as service:
        assert "scans" not in [timer.name for timer in service.host.timers]
    async with run_service(SERVICE, materials=str(tmp_path), scanner="off") as service:
        uploads = Uploads(service)
        material = await uploads.upload(PDF)
        await service.fire("scans")
        assert (await uploads.state(material))["state"] == "available"


async def test_a_link_opens_for_its_caller_until_it_ends_and_for_nobody_else(uploads):
    material = await uploads.upload(PDF)
    await uploads.service.fire("scans")
    url = (await uploads.link(material)).json()["url"]
    foreign = await uploads.read(url, subject="somebody-else")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "link-invalid")
    secret = (await uploads.service.sql("SELECT secret FROM material_secret"))[0]["secret"]
    old = Link.sign(secret, UUID(material["material_id"]), "tester", wall_now() - timedelta(minutes=6))
    assert (await uploads.read(old.url)).json()["code"] == "link-invalid"
    assert (await uploads.read(url, role="patient-app")).status_code == 403
    for role in ("patient-app", "front-desk", "ward-nurse"):
        assert (await uploads.link(material, role)).status_code == 403
    assert await uploads.service.sql("SELECT 1 FROM material_read") == []


async def test_what_nobody_goes_on_uploading_is_let_go_after_a_day(uploads):
    begun = (await uploads.begin(PDF)).json()
    await uploads.part(begun["material_id"], 0, PDF[: len(PDF) // 2])
    assert await uploads.service.fire("uploads") == 0
    uploads.service.clock.advance(timedelta(hours=24))
    assert await uploads.service.fire("uploads") == 1
    assert (await uploads.state(begun))["state"] == "abandoned"
    assert await uploads.parts_kept() == 0
