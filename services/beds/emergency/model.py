"""The rules of the emergency channel: clocks, limits, and what holds a patient up.

A patient boards from the decision to admit until a bed is theirs. The room's clock runs from the arrival where it is
known, else from the decision; it starts anew in another room and stops when the transport leaves. Invariants: an
alert is said once for each room, the warning never after the limit's; stamps of time are in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.requests.model import AdmissionRequest, Phase
from services.beds.scoring.hard_rules import first_broken_rule
from services.beds.scoring.model import BedStatus, Place, Waiting
from services.beds.scoring.model import Policy as BedPolicy
from shared.decision import Refused
from shared.messages.beds.emergency import EmergencyLimitNear, EmergencyLimitPassed

EMERGENCY = "emergency"
"""The source of requests that are written in the emergency room."""


class Room(StrEnum):
    """Where in the emergency department the patient is."""

    RESUSCITATION = "resuscitation"
    OBSERVATION = "observation"


class Said(StrEnum):
    """Which alert was said last for this room."""

    NOTHING = "nothing"
    NEAR = "near"
    PASSED = "passed"


class Stamp(StrEnum):
    """What happened at an instant that somebody reports."""

    ARRIVED = "arrived"
    TRANSPORT_STARTED = "transport-started"
    TRANSPORT_ARRIVED = "transport-arrived"


class HoldUp(StrEnum):
    """What a boarding patient waits for."""

    NO_BED = "no-bed"
    CLEANING = "bed-being-cleaned"
    ACCEPTANCE = "acceptance"
    TRANSPORT = "transport"
    ON_THE_WAY = "on-the-way"
    ADMISSION = "admission"


class Reason(StrEnum):
    """Why a command was refused."""

    STAMP_IN_FUTURE = "stamp-in-future"
    STAMP_OUT_OF_ORDER = "stamp-out-of-order"
    NO_BED_YET = "no-bed-yet"
    SAME_ROOM = "same-room"
    ENDED = "boarding-ended"
    HELD_ALREADY = "bed-held-already"
    NOT_HELD = "bed-not-held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Who is brought to a room by triage, how long they may be there, and how long before that somebody is warned."""

    triage: frozenset[int]
    longest: timedelta
    warn: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits, in one dated version, and how many beds a campus should hold for resuscitation."""

    version: str
    valid_from: date
    limits: Mapping[Room, Limit]
    held_beds_a_campus: int
    held_beds_by_campus: Mapping[str, int]

    def held_beds(self, campus_id: str) -> int:
        """How many beds a campus should hold."""
        return self.held_beds_by_campus.get(campus_id, self.held_beds_a_campus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boarding:
    """An emergency patient from the decision to admit on. `next_alarm_at` None: nothing more will be said."""

    request_id: UUID
    patient_id: UUID
    campus_id: str
    triage: int | None
    room: Room
    decided_at: datetime
    arrived_at: datetime | None
    room_since: datetime | None
    transport_started_at: datetime | None
    transport_arrived_at: datetime | None
    said: Said
    next_alarm_at: datetime | None
    policy_version: str
    version: int

    @property
    def since(self) -> datetime:
        """When the clock of the room began."""
        return self.room_since or self.arrived_at or self.decided_at


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """Who boards, and the bed that is proposed or kept for them."""

    boarding: Boarding
    specialty: str
    proposed_bed_id: str | None
    reserved_bed_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StampTime:
    """Somebody reports what happened when."""

    request_id: UUID
    stamp: Stamp
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRoom:
    """The patient is brought to the other room of the department."""

    request_id: UUID
    room: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHold:
    """Hold a bed for resuscitation, or lift that; kept with the caller's name."""

    bed_id: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A bed held for resuscitation from one instant to another, and who said so."""

    hold_id: UUID
    bed_id: str
    held_at: datetime
    held_by: str
    reason: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None


def board(request: AdmissionRequest, policy: Policy) -> Boarding:
    """The clock starts with the decision to admit."""
    room = next((room for room, limit in policy.limits.items() if request.triage in limit.triage), Room.OBSERVATION)
    boarding = Boarding(
        request_id=request.request_id,
        patient_id=request.patient_id,
        campus_id=request.campus_id,
        triage=request.triage,
        room=room,
        decided_at=request.requested_at,
        arrived_at=None,
        room_since=None,
        transport_started_at=None,
        transport_arrived_at=None,
        said=Said.NOTHING,
        next_alarm_at=None,
        policy_version=policy.version,
        version=0,
    )
    return timed(boarding, policy)


def limit_at(boarding: Boarding, policy: Policy) -> datetime:
    """When the time in the room is over."""
    return boarding.since + policy.limits[boarding.room].longest


def warn_at(boarding: Boarding, policy: Policy) -> datetime:
    """When somebody is warned that it will be."""
    return limit_at(boarding, policy) - policy.limits[boarding.room].warn


def timed(boarding: Boarding, policy: Policy) -> Boarding:
    """The same, with the instant of the next alert: none after the limit's, and none once the transport has left."""
    over = boarding.said is Said.PASSED or boarding.transport_started_at is not None
    nearer = warn_at(boarding, policy) if boarding.said is Said.NOTHING else limit_at(boarding, policy)
    return replace(boarding, next_alarm_at=None if over else nearer)


def alarm(
    boarding: Boarding, policy: Policy, now: datetime
) -> tuple[Boarding, EmergencyLimitNear | EmergencyLimitPassed]:
    """Say what has come up. When both have, the limit's alone: a warning would be no news."""
    passed = now >= limit_at(boarding, policy)
    said = Said.PASSED if passed else Said.NEAR
    moved = timed(replace(boarding, said=said, version=boarding.version + 1), policy)
    event = EmergencyLimitPassed if passed else EmergencyLimitNear
    return moved, event(
        request_id=moved.request_id,
        patient_id=moved.patient_id,
        room=moved.room,
        triage=moved.triage,
        since=moved.since,
        limit_at=limit_at(moved, policy),
        aggregate_version=moved.version,
    )


def stamped(command: StampTime, boarding: Boarding, phase: Phase, policy: Policy, now: datetime) -> Boarding | Refused:
    """Note an instant; where the clock begins or ends by it, the alerts move along."""
    at = command.at or now
    if at > now:
        return Refused(reason=Reason.STAMP_IN_FUTURE, remedy="in at, give an instant that has been")
    if refused := _out_of_order(command.stamp, at, boarding, phase):
        return refused
    match command.stamp:
        case Stamp.ARRIVED:
            after = replace(boarding, arrived_at=at)
        case Stamp.TRANSPORT_STARTED:
            after = replace(boarding, transport_started_at=at)
        case Stamp.TRANSPORT_ARRIVED:
            after = replace(boarding, transport_arrived_at=at)
    return timed(after, policy)


def moved(command: MoveRoom, boarding: Boarding, policy: Policy, now: datetime) -> Boarding | Refused:
    """Another room has a clock of its own, from now on."""
    if command.room is boarding.room:
        return Refused(reason=Reason.SAME_ROOM, remedy=f"the patient is in {boarding.room} already")
    return timed(replace(boarding, room=command.room, room_since=now, said=Said.NOTHING), policy)


def hold_up(line: BoardLine, waiting: Waiting | None, dirty: tuple[Place, ...], rules: BedPolicy) -> HoldUp:
    """What the patient waits for. `dirty`: beds that are being cleaned; one that would suit is worth waiting for."""
    if line.boarding.transport_arrived_at is not None:
        return HoldUp.ADMISSION
    if line.boarding.transport_started_at is not None:
        return HoldUp.ON_THE_WAY
    if line.reserved_bed_id is not None:
        return HoldUp.TRANSPORT
    if line.proposed_bed_id is not None:
        return HoldUp.ACCEPTANCE
    soon = waiting is not None and any(_would_suit(waiting, place, rules) for place in dirty)
    return HoldUp.CLEANING if soon else HoldUp.NO_BED


def _would_suit(waiting: Waiting, place: Place, rules: BedPolicy) -> bool:
    """Whether the patient could have the bed if it were clean."""
    return first_broken_rule(waiting, replace(place, status=BedStatus.UNOCCUPIED), rules) is None


def _out_of_order(stamp: Stamp, at: datetime, boarding: Boarding, phase: Phase) -> Refused | None:
    if stamp is Stamp.ARRIVED:
        wrong = at > boarding.decided_at
        remedy = "in at, give an instant before the decision to admit"
    elif phase is Phase.WAITING:
        return Refused(reason=Reason.NO_BED_YET, remedy="reserve a bed first: the transport has nowhere to go")
    elif stamp is Stamp.TRANSPORT_STARTED:
        wrong, remedy = at < boarding.decided_at, "in at, give an instant after the decision to admit"
    else:
        started = boarding.transport_started_at
        wrong, remedy = started is None or at < started, "report the start of the transport first, then a later arrival"
    return Refused(reason=Reason.STAMP_OUT_OF_ORDER, remedy=remedy) if wrong else None
