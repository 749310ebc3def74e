"""Who waits for a place, and what becomes of each: one event a transition of the entry's state diagram."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistJoined:
    """A patient waits (候补) for a place in a session, or in any of a clinic's sessions of those days.

    `urgency` is a FHIR request priority: stat, asap, urgent, routine. With `auto_accept` a place is booked unasked.
    """

    type: ClassVar = "registration.waitlist-joined.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    clinic_id: str
    session_id: UUID | None
    earliest_on: date
    latest_on: date
    urgency: str
    auto_accept: bool
    channel: str
    joined_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOffered:
    """A place has become free and is kept for this patient alone until `offered_until`, as the held appointment.

    Who wished to be booked unasked and gives a booking back for it is not to be asked: it is accepted a moment later.
    """

    type: ClassVar = "registration.place-offered.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    appointment_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    offered_until: datetime
    policy_version: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The place is booked, and the appointment that it replaces, if any, is given back in the same step."""

    type: ClassVar = "registration.offer-accepted.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    appointment_id: UUID
    replaced_appointment_id: UUID | None
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined:
    """The patient does not want the place; it goes to the next."""

    type: ClassVar = "registration.offer-declined.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    appointment_id: UUID
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExpired:
    """Nobody answered in time; the place goes to the next."""

    type: ClassVar = "registration.offer-expired.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    appointment_id: UUID
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """The hospital has taken the place away, or was late to book it unasked; the patient waits on, at the old rank."""

    type: ClassVar = "registration.offer-withdrawn.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    appointment_id: UUID
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistLeft:
    """The patient no longer waits. `reason` is a code: patient, deceased."""

    type: ClassVar = "registration.waitlist-left.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    reason: str
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistLapsed:
    """No place comes any more. `reason` is a code: too-late, session-closed, session-cut (its last places are gone)."""

    type: ClassVar = "registration.waitlist-lapsed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("waitlist-entry", "entry_id")

    entry_id: UUID
    patient_id: UUID
    aggregate_version: int
    reason: str = "too-late"


MESSAGES = (
    WaitlistJoined,
    PlaceOffered,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    WaitlistLeft,
    WaitlistLapsed,
)
