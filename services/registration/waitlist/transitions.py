"""How an entry of the waitlist goes from state to state, and the one event that says so.

Invariant: `TRANSITIONS` is the state diagram; nothing else changes an entry's status.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from services.registration.booking.model import Appointment, CancelReason
from services.registration.waitlist.model import Entry, Goal, JoinWaitlist, LapseReason, LeaveReason, Policy, Status
from shared.messages.registration.waitlist import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    PlaceOffered,
    WaitlistJoined,
    WaitlistLapsed,
    WaitlistLeft,
)

TRANSITIONS: Final = {
    (None, Status.WAITING): WaitlistJoined,
    (Status.WAITING, Status.OFFERED): PlaceOffered,
    (Status.WAITING, Status.ACCEPTED): OfferAccepted,
    (Status.WAITING, Status.LEFT): WaitlistLeft,
    (Status.WAITING, Status.LAPSED): WaitlistLapsed,
    (Status.OFFERED, Status.ACCEPTED): OfferAccepted,
    (Status.OFFERED, Status.DECLINED): OfferDeclined,
    (Status.OFFERED, Status.EXPIRED): OfferExpired,
    (Status.OFFERED, Status.WAITING): OfferWithdrawn,
    (Status.OFFERED, Status.LEFT): WaitlistLeft,
}

Change = tuple[
    Entry,
    PlaceOffered | OfferAccepted | OfferDeclined | OfferExpired | OfferWithdrawn | WaitlistLeft | WaitlistLapsed,
]
"""An entry in its next version, and the event that says so."""

Said = TypeVar("Said", OfferDeclined, OfferExpired, OfferWithdrawn)


def join(command: JoinWaitlist, goal: Goal, now: datetime) -> tuple[Entry, WaitlistJoined]:
    """A new entry, behind those of its urgency."""
    entry = Entry(
        entry_id=command.entry_id,
        patient_id=command.patient_id,
        clinic_id=goal.clinic_id,
        session_id=goal.session_id,
        earliest_on=goal.earliest_on,
        latest_on=goal.latest_on,
        visit_type=command.visit_type,
        channel=command.channel,
        urgency=command.urgency,
        auto_accept=command.auto_accept,
        replaces_appointment_id=command.replaces_appointment_id,
        status=Status.WAITING,
        joined_at=now,
        lapses_at=goal.lapses_at,
        appointment_id=None,
        offered_until=None,
        leave_reason=None,
        lapse_reason=None,
        version=1,
    )
    return entry, WaitlistJoined(
        entry_id=entry.entry_id,
        patient_id=entry.patient_id,
        clinic_id=entry.clinic_id,
        session_id=entry.session_id,
        earliest_on=entry.earliest_on,
        latest_on=entry.latest_on,
        urgency=entry.urgency.name.lower(),
        auto_accept=entry.auto_accept,
        channel=entry.channel,
        joined_at=now,
        aggregate_version=1,
    )


def offered(entry: Entry, held: Appointment, policy: Policy) -> tuple[Entry, PlaceOffered]:
    """The held place is for this entry alone."""
    assert held.held_until is not None  # noqa: S101 - the status of a hold
    changed = _next(entry, Status.OFFERED, appointment_id=held.appointment_id, offered_until=held.held_until)
    return changed, PlaceOffered(
        entry_id=entry.entry_id,
        patient_id=entry.patient_id,
        appointment_id=held.appointment_id,
        session_id=held.session_id,
        clinic_id=held.clinic_id,
        slot_starts_at=held.slot_starts_at,
        offered_until=held.held_until,
        policy_version=policy.version,
        aggregate_version=changed.version,
    )


def accepted(entry: Entry, appointment_id: UUID) -> tuple[Entry, OfferAccepted]:
    """The place is booked for the entry, by answer or by the choice made when it joined."""
    changed = _next(entry, Status.ACCEPTED, appointment_id=appointment_id)
    return changed, OfferAccepted(
        entry_id=entry.entry_id,
        patient_id=entry.patient_id,
        appointment_id=appointment_id,
        replaced_appointment_id=entry.replaces_appointment_id,
        aggregate_version=changed.version,
    )


def hold_cancelled(entry: Entry, why: CancelReason) -> tuple[Entry, OfferDeclined | OfferWithdrawn | WaitlistLeft]:
    """What it means for the entry that the place it was offered is given back or taken away."""
    match why:
        case CancelReason.PATIENT:
            return _ended(entry, Status.DECLINED, OfferDeclined)
        case CancelReason.DECEASED:
            return left(entry, LeaveReason.DECEASED)
        case _:
            return _ended(entry, Status.WAITING, OfferWithdrawn)


def hold_expired(entry: Entry) -> tuple[Entry, OfferExpired | OfferWithdrawn]:
    """Nobody answered in time. Who was not to be asked has missed nothing, and waits on: it was us who were late."""
    if entry.auto_accept:
        return _ended(entry, Status.WAITING, OfferWithdrawn)
    return _ended(entry, Status.EXPIRED, OfferExpired)


def left(entry: Entry, reason: LeaveReason) -> tuple[Entry, WaitlistLeft]:
    """The patient no longer waits."""
    changed = _next(entry, Status.LEFT, appointment_id=entry.appointment_id, leave_reason=reason)
    return changed, WaitlistLeft(
        entry_id=entry.entry_id, patient_id=entry.patient_id, reason=reason, aggregate_version=changed.version
    )


def lapsed(entry: Entry, reason: LapseReason) -> tuple[Entry, WaitlistLapsed]:
    """No place comes any more."""
    changed = _next(entry, Status.LAPSED, lapse_reason=reason)
    return changed, WaitlistLapsed(
        entry_id=entry.entry_id, patient_id=entry.patient_id, reason=reason, aggregate_version=changed.version
    )


def _ended(entry: Entry, status: Status, event: type[Said]) -> tuple[Entry, Said]:
    """The offer is over; whoever waits on keeps no place."""
    assert entry.appointment_id is not None  # noqa: S101 - what `offered` means
    keeps = None if status is Status.WAITING else entry.appointment_id
    changed = _next(entry, status, appointment_id=keeps)
    return changed, event(
        entry_id=entry.entry_id,
        patient_id=entry.patient_id,
        appointment_id=entry.appointment_id,
        aggregate_version=changed.version,
    )


def _next(entry: Entry, status: Status, **fields: Any) -> Entry:  # noqa: ANN401 - fields of an entry
    """The entry in its next version; a transition that is not in the diagram is a fault of ours."""
    assert (entry.status, status) in TRANSITIONS  # noqa: S101
    return replace(entry, **({"offered_until": None} | fields), status=status, version=entry.version + 1)
