"""What can be asked of the emergency channel, and what it reacts to: one function a use case. The edge commits.

Rows are locked in the order stay, request, bed, boarding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.beds.emergency import model, policy, store
from services.beds.emergency.model import (
    Boarding,
    ChangeHold,
    Hold,
    HoldUp,
    MoveRoom,
    Reason,
    StampTime,
)
from services.beds.inventory import handlers as inventory
from services.beds.inventory.model import place_of
from services.beds.requests import handlers as requests
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest, Phase
from services.beds.scoring.model import BedStatus, Place, Policy
from services.beds.stays import handlers as stays
from shared.decision import Refused
from shared.ids import new_id
from shared.messages.registration.admissions import AdmissionRequested
from shared.work import Work

ENDED = Refused(reason=Reason.ENDED, remedy="the patient boards no more: read the request")
HELD = Refused(reason=Reason.HELD_ALREADY, remedy="nothing to do: the bed is held for resuscitation")
NOT_HELD = Refused(reason=Reason.NOT_HELD, remedy="nothing to do: the bed is not held for resuscitation")
BOARDING = (Phase.WAITING, Phase.RESERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A boarding with its limit at this instant."""

    boarding: Boarding
    warn_at: datetime
    limit_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who boards, how long, and what holds them up."""

    clock: Clock
    specialty: str
    bed_id: str | None
    hold_up: HoldUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many beds a campus should hold for resuscitation, how many it does, and how many of those are free."""

    campus_id: str
    target: int
    held: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The emergency channel now."""

    now: datetime
    lines: list[Line]
    campuses: list[Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarmed:
    """For how many patients something had come up, and of whom something was said."""

    looked_at: int
    said: list[Boarding]


async def on_admission_requested(event: AdmissionRequested, work: Work) -> None:
    """The decision to admit an emergency patient starts the clock. `requests` has taken the request before."""
    if event.source != model.EMERGENCY and event.triage is None:
        return
    request = await requests.request(event.request_id, work)
    if request.phase in BOARDING:
        await store.add(work, model.board(request, policy.on(work.now.date())))


async def stamp(command: StampTime, work: Work) -> Clock | Refused:
    """Note when the patient arrived, or the transport left or arrived."""
    request, boarding = await _in_hand(command.request_id, work)
    if request.phase is Phase.WITHDRAWN:
        return ENDED
    decision = model.stamped(command, boarding, request.phase, policy.shipped()[boarding.policy_version], work.now)
    return await _keep(decision, work)


async def move_room(command: MoveRoom, work: Work) -> Clock | Refused:
    """The patient is brought to the other room of the department."""
    request, boarding = await _in_hand(command.request_id, work)
    if request.phase not in BOARDING or boarding.transport_started_at is not None:
        return ENDED
    return await _keep(model.moved(command, boarding, policy.shipped()[boarding.policy_version], work.now), work)


async def alarm(work: Work, limit: int) -> Alarmed:
    """Say every alert that has come up, for at most `limit` patients; of who has a bed by now nothing is said."""
    due = await store.claim_due(work, limit)
    said: list[Boarding] = []
    for boarding in due:
        if (await requests.request(boarding.request_id, work)).phase in BOARDING:
            moved, event = model.alarm(boarding, policy.shipped()[boarding.policy_version], work.now)
            work.publish(event)
            said.append(moved)
        else:
            moved = replace(boarding, next_alarm_at=None)
        await store.save(work, moved)
    return Alarmed(looked_at=len(due), said=said)


async def next_alarm_at(work: Work) -> datetime | None:
    """When the next alert comes up."""
    return await store.next_alarm_at(work)


async def board(campus_id: str | None, rules: Policy, work: Work) -> Board:
    """Everybody who boards, whose limit comes first on top, and the beds held for resuscitation by campus."""
    waiting = {one.request_id: requests_model.waiting(one, work.now) for one in await requests.waiting(work)}
    dirty = await _dirty(work)
    lines = [
        Line(
            clock=_clock(one.boarding),
            specialty=one.specialty,
            bed_id=one.reserved_bed_id or one.proposed_bed_id,
            hold_up=model.hold_up(one, waiting.get(one.boarding.request_id), dirty, rules),
        )
        for one in await store.board(work, campus_id)
    ]
    return Board(
        now=work.now,
        lines=sorted(lines, key=lambda line: (line.clock.limit_at, line.clock.boarding.request_id)),
        campuses=await _held(campus_id, work),
    )


async def hold_bed(command: ChangeHold, work: Work) -> Hold | Refused:
    """Hold a bed for whoever goes before everybody else; who lies in it stays."""
    bed = (await inventory.beds_for_change([command.bed_id], work))[command.bed_id]
    hold = Hold(
        hold_id=new_id(),
        bed_id=command.bed_id,
        held_at=work.now,
        held_by=command.by,
        reason=command.reason,
        lifted_at=None,
        lifted_by=None,
        lift_reason=None,
    )
    if await store.add_hold(work, hold):
        return HELD
    await inventory.hold_for_resuscitation(bed, work, held=True)
    return hold


async def lift_hold(command: ChangeHold, work: Work) -> Hold | Refused:
    """Let everybody have the bed again."""
    bed = (await inventory.beds_for_change([command.bed_id], work))[command.bed_id]
    hold = await store.open_hold(work, command.bed_id)
    if hold is None:
        return NOT_HELD
    lifted = replace(hold, lifted_at=work.now, lifted_by=command.by, lift_reason=command.reason)
    await store.save_hold(work, lifted)
    await inventory.hold_for_resuscitation(bed, work, held=False)
    return lifted


async def holds(bed_id: str | None, limit: int, work: Work) -> Sequence[Hold]:
    """Holds, or those of a bed, the latest first."""
    return await store.holds(work, bed_id, limit)


async def _in_hand(request_id: UUID, work: Work) -> tuple[AdmissionRequest, Boarding]:
    return await requests.request(request_id, work), await store.boarding(work, request_id)


async def _keep(decision: Boarding | Refused, work: Work) -> Clock | Refused:
    if isinstance(decision, Refused):
        return decision
    await store.save(work, decision)
    return _clock(decision)


def _clock(boarding: Boarding) -> Clock:
    kept = policy.shipped()[boarding.policy_version]
    return Clock(boarding=boarding, warn_at=model.warn_at(boarding, kept), limit_at=model.limit_at(boarding, kept))


async def _dirty(work: Work) -> tuple[Place, ...]:
    """The beds that are being cleaned, each with its room as it is."""
    sexes = await stays.room_sexes(work)
    return tuple(
        place_of(bed, sexes.get(bed.room_no)) for bed in await inventory.beds(None, BedStatus.HOUSEKEEPING, work)
    )


async def _held(campus_id: str | None, work: Work) -> list[Held]:
    current = policy.on(work.now.date())
    held = await inventory.held_beds(work)
    return [
        Held(
            campus_id=campus,
            target=current.held_beds(campus),
            held=sum(bed.campus_id == campus for bed in held),
            free=sum(bed.campus_id == campus and bed.is_free for bed in held),
        )
        for campus in await inventory.campuses(work)
        if campus_id in (None, campus)
    ]
