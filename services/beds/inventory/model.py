"""The rules of the inventory: what a bed is, and which state follows which.

A bed stands as HL7 table 0116 says; `reserved` is ours, beside it, because the table has no code for it. Invariant: a
bed belongs to one stay exactly while it is occupied or reserved, and its version rises by one with each change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, Place, Sex, SexPolicy
from shared.decision import Refused
from shared.messages.beds.inventory import BedState, BedStatusChanged

CLEANABLE = (BedStatus.HOUSEKEEPING, BedStatus.CONTAMINATED)
OPENABLE = (BedStatus.CLOSED, BedStatus.ISOLATED)
GIVEN_BACK = (BedStatus.UNOCCUPIED, *CLEANABLE)
"""How a bed may stand that its last patient comes back to."""

FREE_IT_FIRST = (
    "free it first with POST /stays/{id}/transfer, /leave or /reservation-cancellation; "
    "or POST /closures, which closes it as soon as it is free"
)


class Reason(StrEnum):
    """Why a command was refused."""

    BED_TAKEN = "bed-taken"
    BED_NOT_FREE = "bed-not-free"
    BED_IN_USE = "bed-in-use"
    BED_CLOSED = "bed-closed"
    BEDS_IN_USE = "beds-in-use"
    BED_GIVEN_AWAY = "bed-given-away"
    NOT_TO_CONTAMINATE = "not-to-contaminate"
    NOTHING_TO_CLEAN = "nothing-to-clean"
    NOTHING_TO_OPEN = "nothing-to-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """A ward. In automatic mode a proposal for one of its beds is accepted without a coordinator."""

    ward_id: str
    campus_id: str
    building: str | None = None
    auto_accept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WardCount:
    """How a ward stands: beds by status, reserved ones under R and not under U."""

    ward_id: str
    campus_id: str
    building: str | None = None
    auto_accept: bool
    beds: int
    by_status: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room and whom it is for."""

    room_id: str
    ward_id: str
    sex_policy: SexPolicy
    age_group: AgeGroup
    isolation: Isolation
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A bed with its room. `overflow` lists further specialties, best first; `stay_band` the days it is meant for.

    `for_resuscitation`: held for whoever goes before everybody else.
    """

    bed_id: str
    bed_no: int
    room_no: int
    campus_id: str
    building: str | None = None
    room: Room
    specialty: str
    overflow: tuple[str, ...]
    stay_band: tuple[int, int] | None
    status: BedStatus
    reserved: bool
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: datetime
    version: int
    for_resuscitation: bool = False

    @property
    def ward_id(self) -> str:
        """The ward it stands in."""
        return self.room.ward_id

    @property
    def is_free(self) -> bool:
        """Whether somebody can have it."""
        return self.status is BedStatus.UNOCCUPIED and not self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class BedLine:
    """One good line of a bed file. `status` counts for a new bed only.

    `room_sex` is for a round on files; an import passes it over, since the stays know better.
    """

    line: int
    bed_id: str
    campus_id: str
    building: str | None = None
    room: Room
    specialty: str
    overflow: tuple[str, ...]
    stay_band: tuple[int, int] | None
    status: BedStatus
    room_sex: Sex | None


def place_of(bed: Bed, room_sex: Sex | None) -> Place:
    """The bed as score and hard rules see it. `room_sex`: of those who lie or are expected in the room."""
    return Place(
        bed_id=bed.bed_id,
        campus=bed.campus_id,
        ward=bed.ward_id,
        specialty=bed.specialty,
        overflow=bed.overflow,
        room_id=bed.room.room_id,
        status=BedStatus.RESERVED if bed.reserved else bed.status,
        sex_policy=bed.room.sex_policy,
        room_sex=room_sex,
        attributes=bed.room.attributes,
        age_group=bed.room.age_group,
        isolation=bed.room.isolation,
        stay_band=bed.stay_band,
        for_resuscitation=bed.for_resuscitation,
    )


def reserve(bed: Bed, stay_id: UUID, patient_id: UUID, now: datetime) -> Bed | Refused:
    """Keep a free bed for a stay."""
    if not bed.is_free:
        return not_free(bed)
    return _changed(bed, now, reserved=True, stay_id=stay_id, patient_id=patient_id)


def occupy(bed: Bed, stay_id: UUID, patient_id: UUID, now: datetime) -> Bed | Refused:
    """Put a patient into a free bed, or into the one that is kept for this stay."""
    if not (bed.is_free or (bed.reserved and bed.stay_id == stay_id)):
        return not_free(bed)
    return _changed(bed, now, status=BedStatus.OCCUPIED, reserved=False, stay_id=stay_id, patient_id=patient_id)


def release(bed: Bed, now: datetime, *, contaminated: bool = False) -> Bed:
    """End the stay's claim: a bed somebody lay in is to be cleaned, one that was only kept is free."""
    used = BedStatus.CONTAMINATED if contaminated else BedStatus.HOUSEKEEPING
    status = used if bed.status is BedStatus.OCCUPIED else bed.status
    return _changed(bed, now, status=status, reserved=False, stay_id=None, patient_id=None)


def exchange(one: Bed, other: Bed, now: datetime) -> tuple[Bed, Bed]:
    """Two occupied beds change patients at one instant; none of them is empty in between."""
    at = max(now, one.changed_at, other.changed_at)
    return (
        _changed(one, at, stay_id=other.stay_id, patient_id=other.patient_id),
        _changed(other, at, stay_id=one.stay_id, patient_id=one.patient_id),
    )


def take_back(bed: Bed, stay_id: UUID, patient_id: UUID, now: datetime) -> Bed | Refused:
    """The last patient has this bed again, as if they had not gone; not when it was given away or closed since."""
    if bed.stay_id is not None or bed.status not in GIVEN_BACK:
        return Refused(
            reason=Reason.BED_GIVEN_AWAY, remedy="somebody else has the bed, or it is closed: give the patient another"
        )
    return _changed(bed, now, status=BedStatus.OCCUPIED, stay_id=stay_id, patient_id=patient_id)


def contaminate(bed: Bed, now: datetime) -> Bed | Refused:
    """An empty bed is found contaminated: nobody has it before the stronger cleaning."""
    if bed.stay_id is not None or bed.status not in (BedStatus.UNOCCUPIED, BedStatus.HOUSEKEEPING):
        remedy = "mark beds with status U or H only; one with a patient is cleaned for isolation when they leave"
        return Refused(reason=Reason.NOT_TO_CONTAMINATE, remedy=remedy)
    return _changed(bed, now, status=BedStatus.CONTAMINATED)


def clean(bed: Bed, now: datetime) -> Bed | Refused:
    """Housekeeping is done."""
    if bed.status not in CLEANABLE:
        return Refused(reason=Reason.NOTHING_TO_CLEAN, remedy="clean beds with status H or K only")
    return _changed(bed, now, status=BedStatus.UNOCCUPIED)


def close(bed: Bed, now: datetime) -> Bed | Refused:
    """Take the bed out of the pool; not with a patient in it or on the way to it."""
    if bed.stay_id is not None:
        return Refused(reason=Reason.BED_IN_USE, remedy=FREE_IT_FIRST)
    if bed.status is BedStatus.CLOSED:
        return Refused(reason=Reason.BED_CLOSED, remedy="nothing to do: the bed is closed")
    return closed(bed, now)


def closed(bed: Bed, now: datetime) -> Bed:
    """The bed out of the pool."""
    return _changed(bed, now, status=BedStatus.CLOSED)


def beds_to_close(beds: Sequence[Bed]) -> Sequence[Bed] | Refused:
    """Those beds of a ward or room that are not closed yet; a refusal while anybody has one of them."""
    in_use = sum(bed.stay_id is not None for bed in beds)
    if in_use:
        return Refused(reason=Reason.BEDS_IN_USE, remedy=f"{in_use} of its beds are in use: {FREE_IT_FIRST}")
    return [bed for bed in beds if bed.status is not BedStatus.CLOSED]


def reopen(bed: Bed, now: datetime) -> Bed | Refused:
    """Bring a closed or isolated bed back, ready for a patient."""
    if bed.status not in OPENABLE:
        return Refused(reason=Reason.NOTHING_TO_OPEN, remedy="open beds with status C or I only")
    return _changed(bed, now, status=BedStatus.UNOCCUPIED)


def not_free(bed: Bed) -> Refused:
    """Why the bed cannot be had."""
    if bed.stay_id is not None:
        return Refused(reason=Reason.BED_TAKEN, remedy="ask for a new proposal, or choose another bed")
    return Refused(reason=Reason.BED_NOT_FREE, remedy=f"the bed has status {bed.status}: choose one with U")


def events(bed: Bed) -> tuple[BedStatusChanged, BedState]:
    """What a change of a bed says: the change itself, and the bed as it is now for whoever draws a board."""
    changed = BedStatusChanged(
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        status=bed.status,
        reserved=bed.reserved,
        changed_at=bed.changed_at,
        aggregate_version=bed.version,
    )
    return changed, BedState(
        bed_id=bed.bed_id,
        campus_id=bed.campus_id,
        ward_id=bed.ward_id,
        room_id=bed.room.room_id,
        status=bed.status,
        reserved=bed.reserved,
        stay_id=bed.stay_id,
        patient_id=bed.patient_id,
        changed_at=bed.changed_at,
        aggregate_version=bed.version,
    )


def _changed(bed: Bed, now: datetime, **changes: Any) -> Bed:  # noqa: ANN401 - the fields of a bed
    """The next version. Clocks of two machines may differ a little; a bed's own time does not go back."""
    return replace(bed, **changes, changed_at=max(now, bed.changed_at), version=bed.version + 1)
