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
    """The patient has moved to another bed. HL7 v2 A02; A17 where two have exchanged beds: both say one `swap_id`."""

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
    swap_id: UUID | None = None


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
class ReservationCancelled:
    """Somebody gave the reservation up; the bed is free again and the patient waits again."""

    type: ClassVar = "beds.reservation-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    cancelled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionCancelled:
    """The admission does not count; the patient waits again under the same id. HL7 v2 A11."""

    type: ClassVar = "beds.admission-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    cancelled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled:
    """The last transfer does not count: the patient has `bed_id` again and not `cancelled_bed_id`. HL7 v2 A12."""

    type: ClassVar = "beds.transfer-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    cancelled_bed_id: str
    cancelled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveExpected:
    """The patient is to leave: the discharge is ordered, or the ward expects it at a time. HL7 v2 A16."""

    type: ClassVar = "beds.leave-expected.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    expected_leave_at: datetime | None
    discharge_ordered_at: datetime | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveExpectationCancelled:
    """The ward does not expect the patient to leave any more. HL7 v2 A25."""

    type: ClassVar = "beds.leave-expectation-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    cancelled_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveUndone:
    """The patient has not left: they have the bed as if they had never gone. HL7 v2 A13."""

    type: ClassVar = "beds.leave-undone.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    left_at: datetime
    undone_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeamChanged:
    """Another specialty or team answers for the patient, who stays in the bed (转组不转床). HL7 v2 A54."""

    type: ClassVar = "beds.care-team-changed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("stay", "stay_id")

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    specialty: str
    care_team: str | None
    previous_specialty: str
    previous_care_team: str | None
    changed_at: datetime
    aggregate_version: int


MESSAGES = (
    BedReserved,
    ReservationExpired,
    PatientAdmitted,
    PatientTransferred,
    BedReleased,
    ReservationCancelled,
    AdmissionCancelled,
    TransferCancelled,
    LeaveExpected,
    LeaveExpectationCancelled,
    LeaveUndone,
    CareTeamChanged,
)
