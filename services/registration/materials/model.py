"""The rules of a material: a report that is uploaded in parts, scanned, and then read by the treating side alone.

uploading → quarantined → available; what has no allowed type, another digest than declared or a virus is rejected, and
what nobody goes on uploading is abandoned. Invariant: nothing but what a scan has found clean becomes available.
FHIR DocumentReference.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.registration.booking.model import Appointment, Status
from shared.decision import Refused
from shared.messages.registration.materials import MaterialReceived, MaterialRejected

LARGEST_BYTES = 25 * 1024 * 1024
"""Of a material. [P]"""
PART_BYTES = 1024 * 1024
"""The largest part; also the largest body of any request."""
SMALLEST_PART_BYTES = 64 * 1024
"""Of every part but the last, so that the first shows the type and a material has a few hundred parts at most."""
HEAD_BYTES = 8192
"""So much of the first part is looked at to tell its type."""
ABANDONED_AFTER = timedelta(hours=24)
"""Since the last part. [P]"""
SCAN_LEASE = timedelta(minutes=2)
"""How long one scan may take before another process tries it. [P]"""
MOST_SCANS = 8
"""Then somebody has to ask for another. [P] With the waits below, about two hours."""
FIRST_WAIT = timedelta(minutes=1)
NO_VISIT: Final = (Status.CANCELLED, Status.EXPIRED, Status.MISSED)
"""Appointments that nobody comes to any more."""
NO_PLACE: Final = ("declined", "withdrawn")
"""Applications that nothing comes of any more, in the words of theirs."""


class State(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    UPLOADING = "uploading"
    QUARANTINED = "quarantined"
    AVAILABLE = "available"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


class Kind(StrEnum):
    """What it is."""

    LABORATORY = "laboratory-report"
    IMAGING = "imaging"
    PATHOLOGY = "pathology-report"
    DISCHARGE_SUMMARY = "discharge-summary"
    REFERRAL_LETTER = "referral-letter"
    PRESCRIPTION = "prescription"
    OTHER = "other"


class RejectReason(StrEnum):
    """Why it is not kept."""

    TYPE_NOT_ALLOWED = "type-not-allowed"
    DIGEST_DIFFERS = "digest-differs"
    INFECTED = "infected"


class Reason(StrEnum):
    """Why a command was refused."""

    MATERIAL_EXISTS = "material-exists"
    OFFSET_DIFFERS = "offset-differs"
    PART_TOO_SMALL = "part-too-small"
    LARGER_THAN_DECLARED = "larger-than-declared"
    NOT_UPLOADING = "not-uploading"
    NOT_AVAILABLE = "not-available"
    NOT_QUARANTINED = "not-quarantined"
    APPOINTMENT_ENDED = "appointment-ended"
    APPLICATION_ENDED = "application-ended"


REMEDIES = {
    Reason.MATERIAL_EXISTS: "use a new material_id, or go on with the upload that has this one",
    Reason.OFFSET_DIFFERS: "send the part that begins at {received}",
    Reason.PART_TOO_SMALL: f"send at least {SMALLEST_PART_BYTES} bytes in every part but the last",
    Reason.LARGER_THAN_DECLARED: "the material has {size} bytes as declared: send no more, or begin a new one",
    Reason.NOT_UPLOADING: "it takes no parts any more (GET /materials/{{material_id}}); begin a new one",
    Reason.NOT_AVAILABLE: "only what was scanned and found clean can be read; look at its state",
    Reason.NOT_QUARANTINED: "only what waits for its scan can be scanned again",
    Reason.APPOINTMENT_ENDED: "it is cancelled, expired or missed: book another one and upload to that",
    Reason.APPLICATION_ENDED: "it is declined or withdrawn: apply again, or upload to an appointment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginMaterial:
    """Somebody wants to upload a material to an appointment or an application of the patient's."""

    material_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    application_id: UUID | None
    kind: Kind
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An application as far as its materials go: where they belong now, and the appointment that came of it."""

    application_id: UUID
    state: str
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of its bytes, and where they begin."""

    material_id: UUID
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A material, without its bytes. `scan_due_at` is null where no scan is to come by itself."""

    material_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    application_id: UUID | None
    kind: Kind
    size_bytes: int
    sha256: str | None
    received_bytes: int
    media_type: str | None
    state: State
    reject_reason: RejectReason | None
    scans: int
    scan_due_at: datetime | None
    begun_at: datetime
    last_part_at: datetime
    closed_at: datetime | None

    @property
    def is_whole(self) -> bool:
        """Whether every byte has come."""
        return self.received_bytes == self.size_bytes

    @property
    def scan_given_up(self) -> bool:
        """Whether it stays in quarantine until somebody asks for another scan."""
        return self.state is State.QUARANTINED and self.scan_due_at is None


def no(reason: Reason, material: Material | None = None) -> Refused:
    """The refusal with its remedy."""
    received, size = (material.received_bytes, material.size_bytes) if material else (0, 0)
    return Refused(reason=reason, remedy=REMEDIES[reason].format(received=received, size=size))


def ended(one: Appointment | Applied) -> Refused | None:
    """Why nothing more can be uploaded to it, or None."""
    if isinstance(one, Appointment):
        return no(Reason.APPOINTMENT_ENDED) if one.status in NO_VISIT else None
    return no(Reason.APPLICATION_ENDED) if one.state in NO_PLACE else None


def begin(command: BeginMaterial, now: datetime) -> Material:
    """A material of which nothing has come yet."""
    return Material(
        material_id=command.material_id,
        patient_id=command.patient_id,
        appointment_id=command.appointment_id,
        application_id=command.application_id,
        kind=command.kind,
        size_bytes=command.size_bytes,
        sha256=command.sha256,
        received_bytes=0,
        media_type=None,
        state=State.UPLOADING,
        reject_reason=None,
        scans=0,
        scan_due_at=None,
        begun_at=now,
        last_part_at=now,
        closed_at=None,
    )


def take(material: Material, part: Part, now: datetime) -> Material | Refused:
    """The next part has come; it must begin where the last one ended."""
    size = len(part.content)
    end = part.offset + size
    if material.state is not State.UPLOADING:
        return no(Reason.NOT_UPLOADING)
    if part.offset != material.received_bytes:
        return no(Reason.OFFSET_DIFFERS, material)
    if end > material.size_bytes:
        return no(Reason.LARGER_THAN_DECLARED, material)
    if end < material.size_bytes and size < SMALLEST_PART_BYTES:
        return no(Reason.PART_TOO_SMALL)
    return replace(material, received_bytes=end, last_part_at=now)


def typed(material: Material, media_type: str | None, now: datetime) -> Material:
    """The first part has shown what it is: `media_type`, or nothing that is allowed."""
    if media_type is None:
        return reject(material, RejectReason.TYPE_NOT_ALLOWED, now)
    return replace(material, media_type=media_type)


def complete(material: Material, sha256: str, now: datetime) -> Material:
    """Every byte has come: to quarantine, unless it is not what was declared."""
    if material.sha256 not in (None, sha256):
        return reject(material, RejectReason.DIGEST_DIFFERS, now)
    return replace(material, sha256=sha256, state=State.QUARANTINED, scan_due_at=now)


def reject(material: Material, reason: RejectReason, now: datetime) -> Material:
    """It is not kept."""
    return replace(material, state=State.REJECTED, reject_reason=reason, scan_due_at=None, closed_at=now)


def abandon(material: Material, now: datetime) -> Material:
    """Nobody went on uploading it."""
    return replace(material, state=State.ABANDONED, closed_at=now)


def scanning(material: Material, now: datetime) -> Material:
    """One more scan begins; should it not come to an end, the next one is due after the lease."""
    return replace(material, scans=material.scans + 1, scan_due_at=now + SCAN_LEASE)


def cleared(material: Material, now: datetime) -> Material:
    """The scan has found nothing, and its bytes are in the store."""
    return replace(material, state=State.AVAILABLE, scan_due_at=None, closed_at=now)


def unscanned(material: Material, now: datetime) -> Material:
    """The scanner or the store was away: the next scan later and later, and after the last one only when asked for."""
    if material.scans >= MOST_SCANS:
        return replace(material, scan_due_at=None)
    return replace(material, scan_due_at=now + FIRST_WAIT * 2 ** (material.scans - 1))


def scan_again(material: Material, now: datetime) -> Material | Refused:
    """Somebody has mended the scanner."""
    if material.state is not State.QUARANTINED:
        return no(Reason.NOT_QUARANTINED)
    return replace(material, scans=0, scan_due_at=now)


def unreadable(material: Material) -> Refused | None:
    """Why nobody can read it, or None."""
    return None if material.state is State.AVAILABLE else no(Reason.NOT_AVAILABLE)


def told(material: Material) -> MaterialReceived | MaterialRejected | None:
    """What is said of it: it is said once, when it is decided whether the treating side may read it."""
    if material.state is State.AVAILABLE:
        return MaterialReceived(
            material_id=material.material_id,
            patient_id=material.patient_id,
            appointment_id=material.appointment_id,
            application_id=material.application_id,
            kind=material.kind,
            media_type=material.media_type or "",
            aggregate_version=1,
        )
    if material.state is State.REJECTED and material.reject_reason is not None:
        return MaterialRejected(
            material_id=material.material_id,
            patient_id=material.patient_id,
            appointment_id=material.appointment_id,
            application_id=material.application_id,
            kind=material.kind,
            reason=material.reject_reason,
            aggregate_version=1,
        )
    return None
