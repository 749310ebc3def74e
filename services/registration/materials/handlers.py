"""What can be asked of materials. The edge commits; what needs the scanner or the store is in `vault`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from services.registration.booking import handlers as booking
from services.registration.materials import model, owner_store, store
from services.registration.materials.links import Link
from services.registration.materials.model import BeginMaterial, Material, Part, State
from services.registration.materials.reading import INVALID_LINK, Clinician, Outcome, Purpose, Reason
from services.registration.materials.sniffing import media_type
from shared.decision import Denied, Refused
from shared.work import Missing, Work


async def begin_material(command: BeginMaterial, work: Work) -> Material | Refused:
    """Begin an upload; what is for an application that was sent on goes where that is now.

    `Missing` unless the patient has that appointment or application.
    """
    appointment_id = command.appointment_id
    if command.application_id is not None:
        applied = await owner_store.applied(work, command.application_id, command.patient_id)
        if refused := model.ended(applied):
            return refused
        command = replace(command, application_id=applied.application_id)
        appointment_id = applied.appointment_id
    if appointment_id is not None:
        appointment = await booking.appointment(appointment_id, work)
        if appointment.patient_id != command.patient_id:
            raise Missing("appointment", appointment_id)
        if refused := model.ended(appointment):
            return refused
    begun = model.begin(command, work.now)
    reason = await store.add(work, begun)
    return model.no(reason) if reason else begun


async def take_part(part: Part, work: Work) -> Material | Refused:
    """Take the next part: the first shows the type, the last brings it to quarantine. It may come out rejected."""
    material = model.take(await store.material(work, part.material_id, for_change=True), part, work.now)
    if isinstance(material, Refused):
        return material
    if part.offset == 0:
        kind = media_type(part.content[: model.HEAD_BYTES], material.size_bytes)
        material = model.typed(material, kind, work.now)
    if material.state is State.UPLOADING:
        await store.add_part(work, part)
        if material.is_whole:
            material = model.complete(material, await _digest(material.material_id, work), work.now)
    await keep(material, work)
    return material


async def keep(material: Material, work: Work) -> None:
    """Write its next state, say what is to be said, and let go of bytes that nobody needs here any more."""
    await store.save(work, material)
    if material.closed_at is not None:
        await store.drop_parts(work, material.material_id)
    if event := model.told(material):
        work.publish(event)


async def material(material_id: UUID, work: Work) -> Material:
    """One material; `Missing` when there is none."""
    return await store.material(work, material_id)


async def material_for_change(material_id: UUID, work: Work) -> Material:
    """One material, kept from others until this work is done; `Missing` when there is none."""
    return await store.material(work, material_id, for_change=True)


async def materials_of(ids: Sequence[UUID], work: Work) -> list[Material]:
    """What belongs to any of these appointments or applications, in the order of coming."""
    return await store.materials(work, ids)


async def materials_of_appointment(appointment_id: UUID, work: Work) -> list[Material]:
    """What the patient brings along to it, or had uploaded when applying for it. `Missing` without the appointment."""
    await booking.appointment(appointment_id, work)
    return await store.materials(work, [appointment_id, *await owner_store.booked_into(work, appointment_id)])


async def quarantined(limit: int, work: Work) -> list[Material]:
    """What waits for its scan, the oldest first."""
    return await store.quarantined(work, limit)


async def quarantined_since(work: Work) -> datetime | None:
    """Since when the oldest waits for its scan, also where nobody scans or no further scan is to come."""
    return await store.quarantined_since(work)


async def rehome(old: UUID, new: UUID, work: Work) -> None:
    """An application was sent on: its materials go with it."""
    await store.rehome(work, old, new)


async def scan_again(material_id: UUID, work: Work) -> Material | Refused:
    """Scan what waits in quarantine, as often as at first."""
    material = model.scan_again(await store.material(work, material_id, for_change=True), work.now)
    if not isinstance(material, Refused):
        await store.save(work, material)
    return material


async def link_for(material_id: UUID, clinician: Clinician, wall: datetime, work: Work) -> Link | Refused:
    """A link for this caller, for five minutes, where they treat the patient; either way it is written down."""
    if refused := model.unreadable(await store.material(work, material_id)):
        return refused
    if await store.ask(work, material_id, clinician) is Outcome.REFUSED:
        return clinician.denied(Reason.NOT_TREATING)
    return Link.sign(await store.secret(work), material_id, clinician.subject, Purpose.TREATMENT, wall)


async def break_glass(
    material_id: UUID, clinician: Clinician, reason: str, wall: datetime, work: Work
) -> Link | Refused:
    """A link for somebody who does not treat the patient, and says why they must read it; written down with it."""
    if refused := model.unreadable(await store.material(work, material_id)):
        return refused
    subject = clinician.subject
    await store.note(work, material_id, subject, Purpose.BREAK_GLASS, Outcome.LINKED, reason)
    return Link.sign(await store.secret(work), material_id, subject, Purpose.BREAK_GLASS, wall)


async def open_material(link: Link, wall: datetime, work: Work) -> Material | Denied:
    """The material that the link opens; the reading, or the attempt with a link that opens nothing, written down."""
    found = await store.material(work, link.material_id)
    opens = link.opens(await store.secret(work), wall)
    outcome = Outcome.READ if opens else Outcome.REFUSED
    await store.note(work, link.material_id, link.subject, link.purpose, outcome)
    return found if opens else INVALID_LINK


async def reads(material_id: UUID, work: Work) -> list[store.ReadRow]:
    """Who has asked for it, the first first. `Missing` without the material."""
    await store.material(work, material_id)
    return await store.reads(work, material_id)


async def reads_to_review(limit: int, before: UUID | None, work: Work) -> list[store.ReadRow]:
    """Refusals and broken glass, the latest first; with `before` those further back."""
    return await store.to_review(work, limit, before)


async def abandon_uploads(work: Work, limit: int) -> int:
    """Let go of uploads that nobody goes on with, at most `limit`. Returns how many."""
    old = await store.untouched_since(work, work.now - model.ABANDONED_AFTER, limit)
    for one in old:
        await keep(model.abandon(one, work.now), work)
    return len(old)


async def next_abandoned_at(work: Work) -> datetime | None:
    """When the next upload is given up unless something comes."""
    oldest = await store.oldest_upload_at(work)
    return oldest and oldest + model.ABANDONED_AFTER


async def next_scan_at(work: Work) -> datetime | None:
    """When the next scan is due."""
    return await store.next_scan_at(work)


async def claim_scan(work: Work) -> Material | None:
    """The next material to scan, its scan counted and nobody else's for the lease; None when nothing is due."""
    due = await store.due_for_scan(work)
    if due is None:
        return None
    claimed = model.scanning(due, work.now)
    await store.save(work, claimed)
    return claimed


async def part_at(material_id: UUID, offset: int, work: Work) -> bytes | None:
    """The part that begins there, or None: so the bytes are read with one part in memory."""
    return await store.part_at(work, material_id, offset)


async def _digest(material_id: UUID, work: Work) -> str:
    digest, offset = sha256(), 0
    while part := await store.part_at(work, material_id, offset):
        digest.update(part)
        offset += len(part)
    return digest.hexdigest()
