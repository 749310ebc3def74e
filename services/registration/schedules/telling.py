"""What is said of a session: opened, released, given more places, cut, and who sits in it."""

from services.registration.schedules.model import Access, CutReason, Session, SubstituteClinician
from shared.messages.registration.schedules import (
    ClinicianSubstituted,
    PlacesAdded,
    SessionCut,
    SessionOpened,
    SessionReleased,
)


def session_opened(session: Session) -> SessionOpened:
    """What is said of a new session."""
    return SessionOpened(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        campus_id=session.campus_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        slot_minutes=session.slot_minutes,
        places=session.places,
        access=session.access,
        kind=session.setting.kind,
        released_at=session.released_at,
        aggregate_version=session.version,
    )


def session_released(session: Session, access: Access, places: int) -> SessionReleased:
    """What is said of a session that is public from now on, with as many free places; it was of that access."""
    return SessionReleased(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        campus_id=session.campus_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        access=access,
        places=places,
        aggregate_version=session.version,
    )


def places_added(session: Session, added: int) -> PlacesAdded:
    """What is said of a session that has so many places more than it had."""
    return PlacesAdded(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        starts_at=session.starts_at,
        access=session.access,
        places=session.places,
        added=added,
        aggregate_version=session.version,
    )


def session_cut(session: Session, reason: CutReason) -> SessionCut:
    """What is said of a session that has lost places, or is closed."""
    return SessionCut(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        starts_at=session.starts_at,
        places=session.places,
        closed=session.closed_at is not None,
        reason=reason,
        aggregate_version=session.version,
    )


def substituted(session: Session, command: SubstituteClinician) -> ClinicianSubstituted:
    """What is said of a session in which somebody else sits."""
    return ClinicianSubstituted(
        session_id=session.session_id,
        clinic_id=session.clinic_id,
        starts_at=session.starts_at,
        clinician_id=command.clinician_id,
        substitute_id=command.substitute_id,
        aggregate_version=session.version,
    )
