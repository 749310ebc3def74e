"""Beds for later: promised to a waiting patient, kept when their time has come, and what stands in the way of that.

Each promise that is due is kept in a unit of work of its own, so that one which cannot be kept holds up no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import Bed
from services.beds.planned import handlers as planned
from services.beds.planned.model import Kind, Patient, Plan, Span, State
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.scoring.model import Policies, Policy
from services.beds.stays import handlers, store, suiting
from services.beds.stays.handlers import NOT_WAITING
from services.beds.stays.model import Override, ReserveBed
from shared.database import Database
from shared.decision import Refused
from shared.timers import Timer
from shared.work import Work

MOST_LISTED = 1000


class Obstacle(StrEnum):
    """What stands in the way of a promise."""

    OCCUPANT_STAYS = "occupant-stays-longer"
    RESERVED = "reserved-for-another"
    NOT_READY = "bed-not-ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBed:
    """Promise a bed to a waiting patient for a time ahead; until the request's expected days are over, if not said."""

    request_id: UUID
    bed_id: str
    from_at: datetime
    until_at: datetime | None
    policy: Policy
    by: str
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanConflict:
    """A promise, and what stands in its way. `free_at` is when the occupant is expected to leave."""

    plan: Plan
    obstacle: Obstacle
    stay_id: UUID | None
    free_at: datetime | None


class CannotBeKept(Exception):
    """Carries the refusal of a promise that is due out of its unit of work."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class DuePlans:
    """Keeps promises whose time has come."""

    policies: Policies
    hold: timedelta

    @property
    def timer(self) -> Timer:
        """Due when a promise takes hold of its bed, and when it begins and the bed is free."""
        return Timer(name="bed-plans", fire=self._fire, next_due_at=planned.next_due_at)

    async def _fire(self, database: Database, limit: int) -> int:
        async with database.work() as work:
            announced = await planned.announce(work, limit)
            due = await planned.due(work, limit)
        for plan in due:
            await self._keep(plan, database)
        return announced + len(due)

    async def _keep(self, plan: Plan, database: Database) -> None:
        """Reserve or close the bed; a promise that a rule forbids by now is given up, and the patient waits on."""
        policy = self.policies.at(database.clock.now())
        try:
            async with database.work() as work:
                await keep_plan(plan, policy, self.hold, work)
        except CannotBeKept as cannot:
            async with database.work() as work:
                mine = await planned.plan_for_change(plan.plan_id, work)
                if mine.state is State.PLANNED:
                    await planned.end(mine, State.CANCELLED, cannot.refusal.reason, planned.SYSTEM, work)


async def plan_bed(command: PlanBed, work: Work) -> Plan | Refused:
    """Promise a bed to a waiting patient; the hard rules are asked now, as of an empty room, and when it begins."""
    request = await requests.request_for_change(command.request_id, work)
    if request.phase is not requests_model.Phase.WAITING:
        return NOT_WAITING
    bed = (await inventory.beds_for_change([command.bed_id], work))[command.bed_id]
    suits = suiting.suitability(
        requests_model.waiting(request, work.now), suiting.as_if_free(bed, None), command.policy, command.override
    )
    if isinstance(suits, Refused):
        return suits
    until_at = command.until_at or command.from_at + timedelta(days=max(1, request.expected_days))
    patient = Patient(request_id=request.request_id, patient_id=request.patient_id, sex=request.sex)
    return await planned.promise(bed, patient, Span(from_at=command.from_at, until_at=until_at), command.by, work)


async def keep_plan(plan: Plan, policy: Policy, hold: timedelta, work: Work) -> None:
    """Do what was promised, unless it was given up meanwhile. Raises `CannotBeKept`, so that nothing of it stays."""
    if (await planned.plan_for_change(plan.plan_id, work)).state is not State.PLANNED:
        return
    if plan.kind is Kind.CLOSURE or plan.request_id is None:
        refused = await planned.keep_closure(plan, work)
    else:
        command = ReserveBed(request_id=plan.request_id, bed_id=plan.bed_id, hold=hold, policy=policy)
        stay = await handlers.reserve_bed(command, work)
        refused = stay if isinstance(stay, Refused) else None
    if refused is not None:
        raise CannotBeKept(refused)


async def conflicts(ward_id: str | None, work: Work) -> Sequence[PlanConflict]:
    """The promises that will not be kept in time as things stand, earliest first."""
    plans = await planned.plans(ward_id, MOST_LISTED, work)
    beds = await inventory.beds_by_id([plan.bed_id for plan in plans], work)
    found = [await _in_the_way(plan, beds[plan.bed_id], work) for plan in plans]
    return [one for one in found if one is not None]


async def _in_the_way(plan: Plan, bed: Bed, work: Work) -> PlanConflict | None:
    if bed.stay_id is None:
        late = plan.from_at <= work.now and not bed.is_free
        return PlanConflict(plan=plan, obstacle=Obstacle.NOT_READY, stay_id=None, free_at=None) if late else None
    if bed.stay_id == plan.request_id:
        return None
    stay = await store.stay(work, bed.stay_id)
    request = await requests.request(bed.stay_id, work)
    since = stay.admitted_at or stay.reserved_at
    free_at = stay.expected_leave_at or since + timedelta(days=request.expected_days)
    if max(free_at, work.now) < plan.from_at:
        return None
    obstacle = Obstacle.RESERVED if bed.reserved else Obstacle.OCCUPANT_STAYS
    return PlanConflict(plan=plan, obstacle=obstacle, stay_id=stay.stay_id, free_at=free_at)
