"""The rules of a stay: reserved, admitted, transferred, left; or expired, when nobody came. `changes` has the others.

Values in, the next state and its event out. A stay has the id of its admission request; one that has expired starts
again under the same id. A hard rule is broken only by an override with a reason and a name, which the stay keeps.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.inventory.model import Bed
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring.hard_rules import Rule
from services.beds.scoring.model import Policy, Sex, day_of
from shared.decision import Refused
from shared.messages.beds.stays import BedReleased, BedReserved, PatientAdmitted, PatientTransferred, ReservationExpired

INSTANT = timedelta(microseconds=1)
"""The smallest step of time that the database knows."""


class Phase(StrEnum):
    """Where a stay is."""

    RESERVED = "reserved"
    ADMITTED = "admitted"
    LEFT = "left"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why a command was refused."""

    BED_TAKEN = "bed-taken"
    PATIENT_HAS_BED = "patient-has-bed"
    ROOM_SEX = "room-sex"
    HARD_RULE = "hard-rule-broken"
    NOT_RESERVED = "not-reserved"
    HOLD_EXPIRED = "hold-expired"
    NOT_ADMITTED = "not-admitted"
    OTHER_WARD = "other-ward"
    SAME_STAY = "same-stay"
    SAME_BED = "same-bed"
    NO_TRANSFER = "no-transfer-to-cancel"
    DISCHARGE_ORDERED = "discharge-ordered"
    NOT_LEFT = "not-left"
    TOO_LATE = "too-late-to-undo"
    SAME_TEAM = "same-care-team"
    NOT_LEAVING = "not-leaving"
    LEAVES_BEFORE_NOW = "leaves-before-now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A coordinator's decision to pass over a hard rule: why, and who."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveBed:
    """Keep a bed for a waiting patient for as long as `hold`."""

    request_id: UUID
    bed_id: str
    hold: timedelta
    policy: Policy
    override: Override | None = None
    proposed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suitability:
    """What the hard rules say to a bed: the rule that an override passes over, and whether the room's sex is one."""

    overridden_rule: Rule | None = None
    sex_exception: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A stay in its latest version. `bed_days` is known once the patient has left.

    `previous_bed_id` is the bed that the last transfer came from, while that can be cancelled. An admitted patient is
    leaving from when the discharge is ordered or the ward expects it.
    """

    stay_id: UUID
    patient_id: UUID
    bed_id: str
    ward_id: str
    campus_id: str
    specialty: str
    source: str
    sex: Sex
    phase: Phase
    reserved_at: datetime
    held_until: datetime
    admitted_at: datetime | None = None
    left_at: datetime | None = None
    bed_days: int | None = None
    overridden_rule: str | None = None
    override_reason: str | None = None
    override_by: str | None = None
    care_team: str | None = None
    previous_bed_id: str | None = None
    proposed_at: datetime | None = None
    discharge_ordered_at: datetime | None = None
    expected_leave_at: datetime | None = None
    leave_undone_at: datetime | None = None
    version: int

    @property
    def leaving(self) -> bool:
        """Whether the patient lies in a bed and is to leave it."""
        expected = self.discharge_ordered_at is not None or self.expected_leave_at is not None
        return self.phase is Phase.ADMITTED and expected


@dataclass(frozen=True, slots=True, kw_only=True)
class BedUse:
    """A bed that is a patient's from `since` on; what the database needs to keep others out of it."""

    stay_id: UUID
    patient_id: UUID
    bed_no: int
    room_no: int
    sex_policy: str
    sex: str
    sex_exception: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many stays there are and were. `by_source` counts admissions; `bed_days` those who have left."""

    admissions: int
    by_source: dict[str, int]
    reserved: int
    open: int
    left: int
    bed_days: int


def reserve(
    command: ReserveBed, request: AdmissionRequest, bed: Bed, suits: Suitability, before: Stay | None
) -> tuple[Stay, BedReserved]:
    """Keep a bed, which is this stay's from `bed.changed_at` on. `before` is the stay that has expired, if any."""
    override = command.override if suits.overridden_rule else None
    stay = Stay(
        stay_id=request.request_id,
        patient_id=request.patient_id,
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        campus_id=bed.campus_id,
        specialty=request.specialty,
        source=request.source,
        sex=request.sex,
        phase=Phase.RESERVED,
        reserved_at=bed.changed_at,
        held_until=bed.changed_at + command.hold,
        overridden_rule=suits.overridden_rule,
        override_reason=override.reason if override else None,
        override_by=override.by if override else None,
        proposed_at=command.proposed_at,
        version=before.version + 1 if before else 1,
    )
    return stay, BedReserved(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        campus_id=stay.campus_id,
        held_until=stay.held_until,
        aggregate_version=stay.version,
    )


def use(stay: Stay, bed: Bed, suits: Suitability) -> BedUse:
    """The stay's claim to a bed from the bed's last change on."""
    return BedUse(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_no=bed.bed_no,
        room_no=bed.room_no,
        sex_policy=bed.room.sex_policy,
        sex=stay.sex,
        sex_exception=suits.sex_exception,
        since=bed.changed_at,
    )


def admit(stay: Stay, now: datetime) -> tuple[Stay, PatientAdmitted] | Refused:
    """The patient arrives at the reserved bed while the reservation is good."""
    if stay.phase is not Phase.RESERVED:
        return Refused(reason=Reason.NOT_RESERVED, remedy="reserve a bed first")
    if now > stay.held_until:
        return Refused(reason=Reason.HOLD_EXPIRED, remedy="reserve the bed again")
    admitted = replace(stay, phase=Phase.ADMITTED, admitted_at=max(now, stay.reserved_at), version=stay.version + 1)
    return admitted, PatientAdmitted(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        campus_id=stay.campus_id,
        specialty=stay.specialty,
        source=stay.source,
        admitted_at=admitted.admitted_at or now,
        aggregate_version=admitted.version,
    )


def expire(stay: Stay) -> tuple[Stay, ReservationExpired]:
    """Give up a reservation, so that the bed is free again."""
    expired = replace(stay, phase=Phase.EXPIRED, version=stay.version + 1)
    return expired, ReservationExpired(
        stay_id=stay.stay_id, patient_id=stay.patient_id, bed_id=stay.bed_id, aggregate_version=expired.version
    )


def check_admitted(stay: Stay) -> Refused | None:
    """Only who lies in a bed can leave it."""
    if stay.phase is Phase.ADMITTED:
        return None
    return Refused(reason=Reason.NOT_ADMITTED, remedy=f"the stay is {stay.phase}: admit the patient first")


def transfer(
    stay: Stay, bed: Bed, suits: Suitability, override: Override | None, swap_id: UUID | None = None
) -> tuple[Stay, PatientTransferred]:
    """Move an admitted patient to another bed, which is theirs from `bed.changed_at` on; `swap_id`: two at once."""
    passed_over = override if suits.overridden_rule else None
    moved = replace(
        stay,
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        campus_id=bed.campus_id,
        overridden_rule=suits.overridden_rule,
        override_reason=passed_over.reason if passed_over else None,
        override_by=passed_over.by if passed_over else None,
        previous_bed_id=None if swap_id else stay.bed_id,
        version=stay.version + 1,
    )
    return moved, PatientTransferred(
        stay_id=moved.stay_id,
        patient_id=moved.patient_id,
        bed_id=moved.bed_id,
        ward_id=moved.ward_id,
        campus_id=moved.campus_id,
        previous_bed_id=stay.bed_id,
        transferred_at=bed.changed_at,
        aggregate_version=moved.version,
        swap_id=swap_id,
    )


def leave(stay: Stay, left_at: datetime) -> tuple[Stay, BedReleased]:
    """The patient has left the bed; it is to be cleaned. A time before the admission counts as the admission's."""
    admitted_at = stay.admitted_at or stay.reserved_at
    left_at = max(left_at, admitted_at)
    left = replace(
        stay, phase=Phase.LEFT, left_at=left_at, bed_days=bed_days(admitted_at, left_at), version=stay.version + 1
    )
    return left, BedReleased(
        stay_id=left.stay_id,
        patient_id=left.patient_id,
        bed_id=left.bed_id,
        ward_id=left.ward_id,
        released_at=left_at,
        aggregate_version=left.version,
    )


def bed_days(admitted_at: datetime, left_at: datetime) -> int:
    """Midnights crossed in the hospital's zone, at least one."""
    return max(1, (day_of(left_at) - day_of(admitted_at)).days)
