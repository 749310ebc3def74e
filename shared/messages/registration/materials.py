"""Reports that a patient brings along before the visit. What they say stays in registration."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialReceived:
    """A material was scanned and can be read by the treating side. FHIR DocumentReference, current.

    It belongs to an appointment or to an application; `media_type` is what its bytes are.
    """

    type: ClassVar = "registration.material-received.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("material", "material_id")

    material_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    application_id: UUID | None
    kind: str
    media_type: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRejected:
    """A material is not kept: `reason` is type-not-allowed, digest-differs or infected. Somebody asks for another."""

    type: ClassVar = "registration.material-rejected.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("material", "material_id")

    material_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    application_id: UUID | None
    kind: str
    reason: str
    aggregate_version: int


MESSAGES = (MaterialReceived, MaterialRejected)
