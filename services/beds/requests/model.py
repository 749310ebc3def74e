"""The rules of admission requests (入院证): who waits, in which order, and what becomes of a request.

A request waits, has a bed reserved, and is admitted; it goes back to waiting when nobody came. One that is planned as a
day-surgery case is scheduled: its bed comes with the plan. A patient who has died waits for nothing: the request is
withdrawn, whichever of the two messages comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.beds.casemix.model import NOTHING_KNOWN, Known, Plan, RwSource, SettledCase
from services.beds.scoring import hard_rules, points
from services.beds.scoring.model import NO_CASE_MIX, AdmissionClass, CaseMix, Isolation, Policy, Sex, Urgency, Waiting
from services.beds.scoring.points import Term
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.registration.admissions import AdmissionRequested

SECONDS_AN_HOUR = 3600


class Phase(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    RESERVED = "reserved"
    ADMITTED = "admitted"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a command was refused."""

    NOT_WAITING = "request-not-waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequest:
    """A request in its latest version; what the clinic wrote does not change."""

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    reachable_campuses: tuple[str, ...]
    sex: Sex
    age_years: int
    triage: int | None
    admission_class: AdmissionClass
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
    isolation: Isolation
    expected_days: int
    wanted_ward_id: str | None
    requested_at: datetime
    queued_at: datetime
    phase: Phase
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A waiting request with its place in the queue and the points that are the patient's own, term by term."""

    request: AdmissionRequest
    rank: int
    tier: int
    waited_hours: float
    points: float
    terms: tuple[Term, ...]
    policy_version: str
    rw_source: RwSource


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestWait:
    """Of those of one urgency who wait: `ratio` is the longest wait beside the longest that is allowed, r."""

    urgency: Urgency
    waiting: int
    overdue: int
    ratio: float
    request_id: UUID


def queue(
    event: AdmissionRequested, now: datetime, *, deceased: bool
) -> tuple[AdmissionRequest, AdmissionQueued | None]:
    """Let the patient wait. Raises `Unscorable` for what cannot be scored: a message that registration must mend."""
    request = _request(event, now, Phase.WITHDRAWN if deceased else Phase.WAITING)
    tier = hard_rules.tier(waiting(request, now))
    return request, None if deceased else AdmissionQueued(
        request_id=request.request_id,
        patient_id=request.patient_id,
        specialty=request.specialty,
        campus_id=request.campus_id,
        tier=tier,
        queued_at=request.queued_at,
        aggregate_version=request.version,
        admission_class=request.admission_class,
    )


def plan(request: AdmissionRequest) -> Plan:
    """What the request says of the planned stay, to be looked up in the tables."""
    return Plan(
        drg=request.drg,
        drg_version=request.drg_version,
        rw=request.rw,
        procedure_code=request.procedure_code,
        level4=request.level4,
    )


def settled(request: AdmissionRequest, known: Known, settled_at: datetime) -> SettledCase:
    """The stay as its department's case mix counts it."""
    rw, source = known.rw(plan(request))
    return SettledCase(
        stay_id=request.request_id, specialty=request.specialty, rw=rw, rw_source=source, settled_at=settled_at
    )


def waiting(request: AdmissionRequest, now: datetime, known: Known = NOTHING_KNOWN) -> Waiting:
    """The request as score and hard rules see it, with what the tables say of its codes.

    Waiting counts from when the clinic wrote it.
    """
    rw, _ = known.rw(plan(request))
    return Waiting(
        request_id=str(request.request_id),
        specialty=request.specialty,
        campus=request.campus_id,
        reachable=frozenset(request.reachable_campuses),
        sex=request.sex,
        age_years=request.age_years,
        triage=request.triage,
        admission_class=request.admission_class,
        waited_hours=max(0.0, (now - request.requested_at).total_seconds() / SECONDS_AN_HOUR),
        rw=rw,
        level4=known.is_level4(plan(request)),
        department_cmi=request.department_cmi,
        social_points=request.social_points,
        needs=frozenset(request.needs),
        isolation=request.isolation,
        expected_days=request.expected_days,
        immediate=request.immediate,
        wanted_ward=request.wanted_ward_id,
    )


def moved(request: AdmissionRequest, phase: Phase) -> AdmissionRequest:
    """The request in another phase. Its version stays: it counts what is said of it, and this is said of the stay."""
    return replace(request, phase=phase)


def withdrawn(request: AdmissionRequest, reason: str, now: datetime) -> AdmissionWithdrawn:
    """What a withdrawal says."""
    return AdmissionWithdrawn(
        request_id=request.request_id,
        patient_id=request.patient_id,
        reason=reason,
        withdrawn_at=now,
        aggregate_version=request.version,
    )


def longest_waits(everyone: Sequence[Waiting], policy: Policy) -> list[LongestWait]:
    """For each urgency somebody waits with, whose share of the longest wait is the greatest; above 1 is overdue."""
    shares: dict[Urgency, list[tuple[float, str]]] = {}
    for one in everyone:
        share = one.waited_hours / policy.longest_wait_hours[one.urgency]
        shares.setdefault(one.urgency, []).append((share, one.request_id))
    return [
        LongestWait(
            urgency=urgency,
            waiting=len(shares[urgency]),
            overdue=sum(share > 1 for share, _ in shares[urgency]),
            ratio=max(shares[urgency])[0],
            request_id=UUID(max(shares[urgency])[1]),
        )
        for urgency in Urgency
        if urgency in shares
    ]


def rank(
    requests: Sequence[AdmissionRequest],
    policy: Policy,
    now: datetime,
    known: Known = NOTHING_KNOWN,
    mix: CaseMix = NO_CASE_MIX,
) -> list[Ranked]:
    """Who goes first: tier, then the six points that are the patient's own (bed-rules §3), then who came first."""
    asked = [(request, waiting(request, now, known)) for request in requests]
    context = points.context_of((one for _, one in asked), policy, mix)
    scored = [(request, one, points.priority(one, policy, context)) for request, one in asked]
    scored.sort(
        key=lambda one: (hard_rules.tier(one[1]), -points.total(one[2]), one[0].requested_at, one[0].request_id)
    )
    return [
        Ranked(
            request=request,
            rank=place,
            tier=hard_rules.tier(one),
            waited_hours=one.waited_hours,
            points=points.total(terms),
            terms=terms,
            policy_version=policy.version,
            rw_source=known.rw(plan(request))[1],
        )
        for place, (request, one, terms) in enumerate(scored, start=1)
    ]


def _request(event: AdmissionRequested, now: datetime, phase: Phase) -> AdmissionRequest:
    return AdmissionRequest(
        request_id=event.request_id,
        patient_id=event.patient_id,
        source=event.source,
        specialty=event.specialty,
        campus_id=event.campus_id,
        reachable_campuses=event.reachable_campuses,
        sex=Sex(event.sex),
        age_years=event.age_years,
        triage=event.triage,
        admission_class=AdmissionClass(event.admission_class),
        immediate=event.immediate,
        diagnosis_code=event.diagnosis_code,
        procedure_code=event.procedure_code,
        drg=event.drg,
        drg_version=event.drg_version,
        rw=event.rw,
        level4=event.level4,
        department_cmi=event.department_cmi,
        social_points=event.social_points,
        needs=event.needs,
        isolation=Isolation(event.isolation),
        expected_days=event.expected_days,
        wanted_ward_id=event.wanted_ward_id,
        requested_at=event.requested_at,
        queued_at=now,
        phase=phase,
        version=1,
    )
