"""Reading a journey, and the list of patients of whom something was heard."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.console.journey.model import Chain, Run, causes_elsewhere, journey
from services.console.projection import queries
from services.console.projection.model import Happening, SeenPatient
from shared.work import Missing, Work

Place = tuple[datetime, UUID]
"""A place in a journey: an instant, and an event's id within it."""

AT_ONCE = 400
RECENT = 50
LATEST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A patient's journey, or the part of it before an instant. `earlier` is where the part before this one ends."""

    patient: SeenPatient
    chains: list[Chain | Run]
    happenings: list[Happening]
    service: str | None
    earlier: Place | None


async def recent_patients(work: Work) -> list[SeenPatient]:
    """The patients of whom something was heard last."""
    return await queries.recent_patients(work, RECENT)


async def journey_of(patient_id: UUID, service: str | None, before: Place | None, work: Work) -> Journey:
    """A patient's journey; `Missing` when no event ever named the id."""
    patient = await queries.patient(work, patient_id)
    if patient is None:
        raise Missing("patient", patient_id)
    happenings = await queries.of_patient(work, patient_id, before or LATEST, AT_ONCE)
    elsewhere = await queries.types_of(work, causes_elsewhere(happenings))
    first = happenings[0] if happenings else None
    return Journey(
        patient=patient,
        chains=journey(happenings, elsewhere, service),
        happenings=happenings,
        service=service,
        earlier=(first.occurred_at, first.event_id) if first and len(happenings) == AT_ONCE else None,
    )
