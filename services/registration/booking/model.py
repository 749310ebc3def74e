"""The rules of an appointment.

held → booked → arrived → completed; a hold that nobody confirms expires; what is held or booked can be cancelled, what
is booked can be moved, and who does not come, or does not answer the call, has missed it. What is booked in a session
that is cut is displaced, and waits to be moved or cancelled. An appointment takes a place in its slot unless it is
cancelled, expired, missed or displaced, and a patient has at most one such appointment in a session. FHIR Appointment
says pending, booked, arrived, fulfilled, cancelled, noshow, waitlist.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.registration.booking.refusals import Reason, no
from services.registration.schedules.model import SlotKey
from shared.decision import Refused
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    HoldExpired,
    SlotHeld,
)

HOLD = timedelta(minutes=5)


class Status(StrEnum):
    """The words of the state diagram and of the CHECK constraint."""

    HELD = "held"
    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED = "missed"
    DISPLACED = "displaced"


TAKES_A_PLACE = (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.COMPLETED)
OPEN = (Status.HELD, Status.BOOKED, Status.DISPLACED)
EXPECTED = (Status.BOOKED, Status.ARRIVED)
MOVABLE = (Status.BOOKED, Status.DISPLACED)


class Channel(StrEnum):
    """How it was asked for."""

    DESK = "desk"
    APP = "app"
    PHONE = "phone"
    KIOSK = "kiosk"
    FOLLOWUP = "followup"
    ALLIANCE = "alliance"


class CancelReason(StrEnum):
    """Why the place was given back."""

    PATIENT = "patient"
    HOSPITAL = "hospital"
    DECEASED = "deceased"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePlace:
    """Give a patient a place in a slot: as a hold, of five minutes unless `held_until` is given, or booked at once."""

    appointment_id: UUID
    patient_id: UUID
    slot: SlotKey
    hold: bool
    visit_type: str
    channel: Channel
    encounter_id: str | None = None
    booked_by: UUID | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment:
    """Give the place back."""

    appointment_id: UUID
    reason: CancelReason
    by_staff: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleAppointment:
    """Move the appointment to another slot, under the same id."""

    appointment_id: UUID
    slot: SlotKey
    by_staff: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which appointments to list; `after` is the last id of the page before."""

    patient_id: UUID | None = None
    session_id: UUID | None = None
    status: Status | None = None
    channel: Channel | None = None
    after: UUID | None = None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A patient's place in a slot, in its latest version. `ordinal` (号序) is never given out twice in a slot."""

    appointment_id: UUID
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime
    slot_ends_at: datetime
    ordinal: int
    status: Status
    visit_type: str
    channel: Channel
    encounter_id: str | None
    booked_by: UUID | None = None
    held_until: datetime | None
    booked_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    cancel_reason: CancelReason | None
    version: int

    @property
    def slot(self) -> SlotKey:
        """Where its place is, or was."""
        return SlotKey(session_id=self.session_id, starts_at=self.slot_starts_at)

    @property
    def places(self) -> list[SlotKey]:
        """The place that it takes; none where it takes none."""
        return [self.slot] if self.status in TAKES_A_PLACE else []


def placed(command: TakePlace, slot: SlotKey) -> TakePlace:
    """The same request for another slot."""
    return replace(command, slot=slot)


def taken(
    command: TakePlace, *, clinic_id: str, slot_ends_at: datetime, ordinal: int, now: datetime
) -> tuple[Appointment, SlotHeld | AppointmentBooked]:
    """The appointment that has just got this place."""
    until = command.held_until or now + HOLD
    appointment = Appointment(
        appointment_id=command.appointment_id,
        patient_id=command.patient_id,
        session_id=command.slot.session_id,
        clinic_id=clinic_id,
        slot_starts_at=command.slot.starts_at,
        slot_ends_at=slot_ends_at,
        ordinal=ordinal,
        status=Status.HELD if command.hold else Status.BOOKED,
        visit_type=command.visit_type,
        channel=command.channel,
        encounter_id=command.encounter_id,
        booked_by=command.booked_by,
        held_until=until if command.hold else None,
        booked_at=None if command.hold else now,
        arrived_at=None,
        completed_at=None,
        cancel_reason=None,
        version=1,
    )
    return appointment, _held(appointment, until) if command.hold else _booked(appointment)


def confirm(held: Appointment, now: datetime) -> tuple[Appointment, AppointmentBooked] | Refused:
    """Make a hold a booking while it is good: at `held_until` it is over."""
    if held.status is Status.EXPIRED or (held.held_until is not None and now >= held.held_until):
        return no(Reason.HOLD_EXPIRED)
    if held.status is not Status.HELD:
        return no(Reason.NOT_HELD)
    if held.slot_ends_at <= now:
        return no(Reason.SLOT_OVER)
    booked = replace(held, status=Status.BOOKED, held_until=None, booked_at=now, version=held.version + 1)
    return booked, _booked(booked)


def patient_may_change(mine: Appointment, now: datetime, reason: CancelReason | None = None) -> Refused | None:
    """Whether patients can cancel or move it by themselves: not once the slot is over, or no-shows (爽约) were free."""
    if reason is CancelReason.HOSPITAL:
        return no(Reason.STAFF_ONLY)
    late = mine.status is Status.BOOKED and mine.slot_ends_at <= now
    return no(Reason.OWN_SLOT_OVER) if late else None


def cancel(open_: Appointment, reason: CancelReason) -> tuple[Appointment, AppointmentCancelled] | Refused:
    """Give the place back."""
    if open_.status not in OPEN:
        return no(Reason.NOT_OPEN)
    cancelled = replace(
        open_, status=Status.CANCELLED, held_until=None, cancel_reason=reason, version=open_.version + 1
    )
    return cancelled, AppointmentCancelled(
        appointment_id=cancelled.appointment_id,
        patient_id=cancelled.patient_id,
        session_id=cancelled.session_id,
        slot_starts_at=cancelled.slot_starts_at,
        reason=reason,
        aggregate_version=cancelled.version,
    )


def miss(expected: Appointment) -> tuple[Appointment, AppointmentMissed] | Refused:
    """The patient did not come, or was called and was not there; the place is free. The caller gives it back."""
    if expected.status not in EXPECTED:
        return no(Reason.NOT_EXPECTED)
    missed = replace(expected, status=Status.MISSED, version=expected.version + 1)
    return missed, AppointmentMissed(
        appointment_id=missed.appointment_id,
        patient_id=missed.patient_id,
        session_id=missed.session_id,
        clinic_id=missed.clinic_id,
        slot_starts_at=missed.slot_starts_at,
        aggregate_version=missed.version,
    )


def expire(held: Appointment) -> tuple[Appointment, HoldExpired]:
    """Give up a hold whose time is over."""
    expired = replace(held, status=Status.EXPIRED, held_until=None, version=held.version + 1)
    return expired, HoldExpired(
        appointment_id=expired.appointment_id,
        patient_id=expired.patient_id,
        session_id=expired.session_id,
        slot_starts_at=expired.slot_starts_at,
        aggregate_version=expired.version,
    )


def _held(held: Appointment, held_until: datetime) -> SlotHeld:
    return SlotHeld(
        appointment_id=held.appointment_id,
        patient_id=held.patient_id,
        session_id=held.session_id,
        slot_starts_at=held.slot_starts_at,
        held_until=held_until,
        aggregate_version=held.version,
    )


def _booked(booked: Appointment) -> AppointmentBooked:
    return AppointmentBooked(
        appointment_id=booked.appointment_id,
        patient_id=booked.patient_id,
        session_id=booked.session_id,
        clinic_id=booked.clinic_id,
        slot_starts_at=booked.slot_starts_at,
        visit_type=booked.visit_type,
        channel=booked.channel,
        aggregate_version=booked.version,
    )
