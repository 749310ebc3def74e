"""What registration tells the others: who exists, when they are expected, and who is to be admitted.

A patient's name and contacts never leave the service: `patient_id` is opaque, and whoever may see more asks its owner.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered:
    """A patient is known. `birth_month` is the first of the month; `insutype` 310 employee, 390 resident."""

    type: ClassVar = "registration.patient-registered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("patient", "patient_id")

    patient_id: UUID
    sex: str
    birth_month: date
    insutype: str
    retired: bool
    low_income: bool
    registered_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDeceased:
    """The patient has died; what was planned for them ends."""

    type: ClassVar = "registration.patient-deceased.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("patient", "patient_id")

    patient_id: UUID
    deceased_on: date
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """A clinic session takes bookings: `places` in all, `slot_minutes` each slot. FHIR Schedule."""

    type: ClassVar = "registration.session-opened.v1"
    key: ClassVar = "session_id"
    subject: ClassVar = ("session", "session_id")

    session_id: UUID
    clinic_id: str
    campus_id: str
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places: int
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHeld:
    """A place is kept for a patient until `held_until`."""

    type: ClassVar = "registration.slot-held.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_starts_at: datetime
    held_until: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExpired:
    """Nobody confirmed the hold in time; the place is free again."""

    type: ClassVar = "registration.hold-expired.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_starts_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentBooked:
    """A place is the patient's. `channel` is how it was asked for (desk, app, phone, kiosk, followup)."""

    type: ClassVar = "registration.appointment-booked.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    visit_type: str
    channel: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRescheduled:
    """The patient has the new place and the old one is free, in one step."""

    type: ClassVar = "registration.appointment-rescheduled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    previous_session_id: UUID
    previous_slot_starts_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCancelled:
    """The place is free again. `reason` is a code: patient, hospital, deceased."""

    type: ClassVar = "registration.appointment-cancelled.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_starts_at: datetime
    reason: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientArrived:
    """The patient has checked in for the appointment."""

    type: ClassVar = "registration.patient-arrived.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    arrived_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCompleted:
    """The clinician has seen the patient."""

    type: ClassVar = "registration.visit-completed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    completed_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequested:
    """A clinician has written an admission request (入院证, BED-2). Its id stays the id of the stay that follows.

    `source` is clinic, emergency, referral or day-surgery; `triage` 1-4 for emergencies; `admission_class` A, B, C
    (elective: 30, 90, 365 days), day, transfer or emergency; `rw` is null where the DRG is not known yet.
    """

    type: ClassVar = "registration.admission-requested.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("admission-request", "request_id")

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: tuple[str, ...]
    sex: str
    age_years: int
    triage: int | None
    admission_class: str
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    social_points: float
    needs: tuple[str, ...]
    isolation: str
    expected_days: int
    requested_at: datetime
    aggregate_version: int


MESSAGES = (
    PatientRegistered,
    PatientDeceased,
    SessionOpened,
    SlotHeld,
    HoldExpired,
    AppointmentBooked,
    AppointmentRescheduled,
    AppointmentCancelled,
    PatientArrived,
    VisitCompleted,
    AdmissionRequested,
)
