"""What the beds service tells the others: who waits, who lies where, and how each bed stands.

`request_id` and `stay_id` of one admission are the same id: a request becomes a stay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionQueued:
    """The patient waits for a bed. `tier` 0 goes before everybody of tier 1."""

    type: ClassVar = "beds.admission-queued.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("request", "request_id")

    request_id: UUID
    patient_id: UUID
    specialty: str
    campus_id: str
    tier: int
    queued_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedProposed:
    """A round suggests this bed; a coordinator accepts it, or the ward is automatic. Why: the beds service tells."""

    type: ClassVar = "beds.bed-proposed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("request", "request_id")

    request_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    score: float
    policy_version: str
    proposed_at: datetime
    aggregate_version: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BedStatusChanged:
    """How a bed stands, in HL7 table 0116, and whether it is `reserved`, for which the table has no code.

    C closed, H housekeeping, O occupied, U unoccupied, K contaminated, I isolated.
    """

    type: ClassVar = "beds.bed-status-changed.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("bed", "bed_id")

    bed_id: str
    ward_id: str
    status: str
    reserved: bool
    changed_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedState:
    """The bed as it is now: a compacted topic, so that a board is drawn without reading history."""

    type: ClassVar = "beds.bed-state.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("bed-state", "bed_id")
    topic: ClassVar = "bed-state"

    bed_id: str
    campus_id: str
    ward_id: str
    room_id: str
    status: str
    reserved: bool
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: datetime
    aggregate_version: int


MESSAGES = (
    AdmissionQueued,
    BedProposed,
    BedReserved,
    ReservationExpired,
    PatientAdmitted,
    PatientTransferred,
    BedReleased,
    BedStatusChanged,
    BedState,
)
