"""Places that are held, booked, moved and given back."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


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
class AppointmentMissed:
    """The patient did not come, or was not there when called (爽约)."""

    type: ClassVar = "registration.appointment-missed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentDisplaced:
    """The hospital has cut the session: the patient has no place any more, and is to be told and given another.

    `reason` is the cut's, such as clinician-away. The offered slot was free; it is not kept for the patient.
    """

    type: ClassVar = "registration.appointment-displaced.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("appointment", "appointment_id")

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    reason: str
    offered_session_id: UUID | None
    offered_slot_starts_at: datetime | None
    aggregate_version: int


MESSAGES = (
    SlotHeld,
    HoldExpired,
    AppointmentBooked,
    AppointmentRescheduled,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentDisplaced,
)
