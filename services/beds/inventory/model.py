"""The rules of the inventory: what a bed is, which state follows which, and what an import may change.

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
from services.beds.scoring.table_file import RejectedLine
from shared.decision import Refused
from shared.messages.beds.inventory import BedState, BedStatusChanged

CLEANABLE = (BedStatus.HOUSEKEEPING, BedStatus.CONTAMINATED)
OPENABLE = (BedStatus.CLOSED, BedStatus.ISOLATED)
WITH_A_PATIENT = (BedStatus.OCCUPIED, BedStatus.RESERVED)


class Reason(StrEnum):
    """Why a command was refused."""

    BED_TAKEN = "bed-taken"
    BED_NOT_FREE = "bed-not-free"
    BED_IN_USE = "bed-in-use"
    BED_CLOSED = "bed-closed"
    NOTHING_TO_CLEAN = "nothing-to-clean"
    NOTHING_TO_OPEN = "nothing-to-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """A ward. In automatic mode a proposal for one of its beds is accepted without a coordinator."""

    ward_id: str
    campus_id: str
    auto_accept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WardCount:
    """How a ward stands: beds by status, reserved ones under R and not under U."""

    ward_id: str
    campus_id: str
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
    room: Room
    specialty: str
    overflow: tuple[str, ...]
    stay_band: tuple[int, int] | None
    status: BedStatus
    room_sex: Sex | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: good lines, how many of them were new beds, and everything wrong with the others.

    Beds that were there took the file's traits and kept their status.
    """

    imported: int
    added: int
    rejected_rows: tuple[RejectedLine, ...]


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


def release(bed: Bed, now: datetime) -> Bed:
    """End the stay's claim: a bed somebody lay in is to be cleaned, one that was only kept is free."""
    status = BedStatus.HOUSEKEEPING if bed.status is BedStatus.OCCUPIED else bed.status
    return _changed(bed, now, status=status, reserved=False, stay_id=None, patient_id=None)


def clean(bed: Bed, now: datetime) -> Bed | Refused:
    """Housekeeping is done."""
    if bed.status not in CLEANABLE:
        return Refused(reason=Reason.NOTHING_TO_CLEAN, remedy="clean beds with status H or K only")
    return _changed(bed, now, status=BedStatus.UNOCCUPIED)


def close(bed: Bed, now: datetime) -> Bed | Refused:
    """Take the bed out of the pool; not with a patient in it or on the way to it."""
    if bed.stay_id is not None:
        return Refused(reason=Reason.BED_IN_USE, remedy="transfer the patient or let the reservation end first")
    if bed.status is BedStatus.CLOSED:
        return Refused(reason=Reason.BED_CLOSED, remedy="nothing to do: the bed is closed")
    return _changed(bed, now, status=BedStatus.CLOSED)


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


def rejected_by_pool(lines: Sequence[BedLine], known: Mapping[str, Bed]) -> tuple[list[BedLine], list[RejectedLine]]:
    """Part the good lines into those the pool can take and those it cannot, `known` being the beds of their rooms."""
    in_use = {bed.room.room_id: bed.room.sex_policy for bed in known.values() if bed.stay_id is not None}
    good: list[BedLine] = []
    rejected: list[RejectedLine] = []
    for line in lines:
        if line.bed_id not in known and line.status in WITH_A_PATIENT:
            remedy = "import the bed as U, then admit whoever lies there"
            rejected.append(_rejected(line, "status", "is a new bed with a patient nobody knows", remedy))
        elif line.room.sex_policy is not in_use.get(line.room.room_id, line.room.sex_policy):
            remedy = "import it again when nobody lies or is expected in the room"
            rejected.append(_rejected(line, "sex_policy", "would change while the room is in use", remedy))
        else:
            good.append(line)
    return good, rejected


def _rejected(line: BedLine, field: str, reason: str, remedy: str) -> RejectedLine:
    return RejectedLine(line=line.line, field=field, reason=reason, remedy=remedy)


def _changed(bed: Bed, now: datetime, **changes: Any) -> Bed:  # noqa: ANN401 - the fields of a bed
    """The next version. Clocks of two machines may differ a little; a bed's own time does not go back."""
    return replace(bed, **changes, changed_at=max(now, bed.changed_at), version=bed.version + 1)
