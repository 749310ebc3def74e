"""The rules of a visit request: where and when the patient should be seen, and what becomes of it.

Booking is registration's: what is known of it here is what registration says. FHIR ServiceRequest.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.followup.plans.model import Plan
from services.followup.templates.model import Template, Urgency
from shared.messages.followup.visits import VisitRequested
from shared.messages.registration.booking import AppointmentBooked


class VisitStatus(StrEnum):
    """What became of the request."""

    REQUESTED = "requested"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


class VisitReason(StrEnum):
    """Why the patient should be seen; the codes of `VisitRequested`."""

    AGREED = "agreed-to-visit"
    POOR_ANSWER = "poor-answer"
    DANGER_SIGN = "danger-sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A visit to ask for."""

    urgency: Urgency
    reason: VisitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """A patient should be seen at `clinic_id` between two days, because of a task."""

    visit_request_id: UUID
    plan_id: UUID
    task_id: UUID
    patient_id: UUID
    clinic_id: str
    urgency: Urgency
    reason: VisitReason
    earliest_on: date
    latest_on: date
    status: VisitStatus
    appointment_id: UUID | None
    slot_starts_at: datetime | None
    requested_at: datetime


def request(
    plan: Plan, template: Template, wish: Wish, *, ids: tuple[UUID, UUID], now: datetime
) -> tuple[Plan, VisitRequest, VisitRequested]:
    """Ask for a visit. `ids` are the request's own and the task's; days are local days of the template's zone."""
    window = template.visit_windows[wish.urgency]
    today = now.astimezone(template.zone).date()
    plan = replace(plan, version=plan.version + 1)
    visit = VisitRequest(
        visit_request_id=ids[0],
        plan_id=plan.plan_id,
        task_id=ids[1],
        patient_id=plan.patient_id,
        clinic_id=template.clinic_id,
        urgency=wish.urgency,
        reason=wish.reason,
        earliest_on=today + timedelta(days=window.earliest_days),
        latest_on=today + timedelta(days=window.latest_days),
        status=VisitStatus.REQUESTED,
        appointment_id=None,
        slot_starts_at=None,
        requested_at=now,
    )
    return (
        plan,
        visit,
        VisitRequested(
            visit_request_id=visit.visit_request_id,
            plan_id=plan.plan_id,
            patient_id=visit.patient_id,
            clinic_id=visit.clinic_id,
            earliest_on=visit.earliest_on,
            latest_on=visit.latest_on,
            reason=wish.reason,
            aggregate_version=plan.version,
        ),
    )


def booked(visit: VisitRequest, event: AppointmentBooked) -> VisitRequest:
    """Registration has found a place."""
    return replace(
        visit,
        status=VisitStatus.BOOKED,
        appointment_id=event.appointment_id,
        slot_starts_at=event.slot_starts_at,
    )
