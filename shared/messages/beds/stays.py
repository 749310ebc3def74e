"""Who lies where, from the reservation until the bed is left."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BedReserved:
    """A bed is kept for a patient until `held_until`; nobody else can be put into it."""

    type: ClassVar = "beds.bed-reserved.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    held_until: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationExpired:
    """The patient did not come in time; the bed is free again and the patient waits again."""

    type: ClassVar = "beds.reservation-expired.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAdmitted:
    """The patient lies in the bed. HL7 v2 A01."""

    type: ClassVar = "beds.patient-admitted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    specialty: str
    source: str
    admitted_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTransferred:
    """The patient has moved to another bed. HL7 v2 A02."""

    type: ClassVar = "beds.patient-transferred.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    previous_bed_id: str
    transferred_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedReleased:
    """The patient has left the bed; it is to be cleaned. HL7 v2 A03 as seen by the bed."""

    type: ClassVar = "beds.bed-released.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    released_at: datetime
    aggregate_version: int


MESSAGES = (
    BedReserved,
    ReservationExpired,
    PatientAdmitted,
    PatientTransferred,
    BedReleased,
)
