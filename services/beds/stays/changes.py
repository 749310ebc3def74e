"""The rules of what is taken back or changed in a stay: cancellations, undoing a leave, leaving, another care team.

Values in, the next state and its event out. Each is an event of its own with a name in HL7 v2. Whether a bed can be had
back is asked of the bed and held by the database. An expired stay is one that was given up, by time or by somebody.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.beds.inventory.model import Bed
from services.beds.stays.model import Phase, Reason, Stay, check_admitted
from shared.decision import Denied, Refused
from shared.messages.beds.stays import (
    AdmissionCancelled,
    CareTeamChanged,
    LeaveExpectationCancelled,
    LeaveExpected,
    LeaveUndone,
    ReservationCancelled,
    TransferCancelled,
)

LONGEST_UNDO = timedelta(hours=24)
"""How long after the leaving it can be undone. Ours: by then the day's settlement and statistics are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who decides, and in which wards they may; None = in all."""

    subject: str
    wards: frozenset[str] | None = None

    def refused_in(self, stay: Stay) -> Denied | None:
        """A ward's nurse decides for the ward's own patients."""
        if self.wards is None or stay.ward_id in self.wards:
            return None
        return Denied(reason=Reason.OTHER_WARD, remedy="ask the patient's own ward or the coordinator")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Cancel or undo the last step of a stay: why and by whom is kept with it, and said nowhere else."""

    stay_id: UUID
    reason: str
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCareTeam:
    """Another specialty or team answers for the patient from now on."""

    stay_id: UUID
    specialty: str
    care_team: str | None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectLeave:
    """The ward expects the patient to leave at a time."""

    stay_id: UUID
    expected_leave_at: datetime
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that somebody has taken back or changed, as the stay keeps it."""

    stay_id: UUID
    version: int
    change: str
    reason: str | None
    changed_by: str
    changed_at: datetime


def cancel_reservation(stay: Stay, now: datetime) -> tuple[Stay, ReservationCancelled] | Refused:
    """Give the reservation up."""
    if stay.phase is not Phase.RESERVED:
        remedy = f"the stay is {stay.phase}: cancel the admission or let the patient leave"
        return Refused(reason=Reason.NOT_RESERVED, remedy=remedy)
    given_up = replace(stay, phase=Phase.EXPIRED, version=stay.version + 1)
    return given_up, ReservationCancelled(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        cancelled_at=now,
        aggregate_version=given_up.version,
    )


def cancel_admission(stay: Stay, now: datetime) -> tuple[Stay, AdmissionCancelled] | Refused:
    """The admission does not count (A11); not once the discharge is ordered, which only an admitted patient can be."""
    if refused := check_admitted(stay):
        return refused
    if stay.discharge_ordered_at is not None:
        return Refused(reason=Reason.DISCHARGE_ORDERED, remedy="settle the account and let the patient leave")
    cancelled = replace(
        stay,
        phase=Phase.EXPIRED,
        admitted_at=None,
        previous_bed_id=None,
        expected_leave_at=None,
        version=stay.version + 1,
    )
    return cancelled, AdmissionCancelled(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        cancelled_at=now,
        aggregate_version=cancelled.version,
    )


def bed_before(stay: Stay) -> str | Refused:
    """The bed of before the last transfer. Only that can be taken back; a swap is taken back by another swap."""
    if refused := check_admitted(stay):
        return refused
    if stay.previous_bed_id is None:
        remedy = "the last move was none, or a swap: POST /swaps exchanges the two again, or transfer the patient"
        return Refused(reason=Reason.NO_TRANSFER, remedy=remedy)
    return stay.previous_bed_id


def cancel_transfer(stay: Stay, bed: Bed) -> tuple[Stay, TransferCancelled]:
    """The patient has the bed that they came from again (A12)."""
    back = replace(
        stay,
        bed_id=bed.bed_id,
        ward_id=bed.ward_id,
        campus_id=bed.campus_id,
        overridden_rule=None,
        override_reason=None,
        override_by=None,
        previous_bed_id=None,
        version=stay.version + 1,
    )
    return back, TransferCancelled(
        stay_id=back.stay_id,
        patient_id=back.patient_id,
        bed_id=back.bed_id,
        ward_id=back.ward_id,
        campus_id=back.campus_id,
        cancelled_bed_id=stay.bed_id,
        cancelled_at=bed.changed_at,
        aggregate_version=back.version,
    )


def undo_leave(stay: Stay, now: datetime) -> tuple[Stay, LeaveUndone] | Refused:
    """The patient has not left after all (A13); an ordered discharge stands until they really do."""
    if stay.phase is not Phase.LEFT or stay.left_at is None:
        return Refused(reason=Reason.NOT_LEFT, remedy=f"nothing to undo: the stay is {stay.phase}")
    if now - stay.left_at > LONGEST_UNDO:
        remedy = f"the patient left more than {LONGEST_UNDO // timedelta(hours=1)} hours ago: admit them anew"
        return Refused(reason=Reason.TOO_LATE, remedy=remedy)
    back = replace(
        stay,
        phase=Phase.ADMITTED,
        left_at=None,
        bed_days=None,
        previous_bed_id=None,
        leave_undone_at=max(now, stay.left_at),
        version=stay.version + 1,
    )
    return back, LeaveUndone(
        stay_id=back.stay_id,
        patient_id=back.patient_id,
        bed_id=back.bed_id,
        ward_id=back.ward_id,
        campus_id=back.campus_id,
        left_at=stay.left_at,
        undone_at=back.leave_undone_at or now,
        aggregate_version=back.version,
    )


def said_before_undoing(stay: Stay, left_at: datetime) -> bool:
    """Whether a leaving that is heard of now is the one that was undone.

    One of the same instant is the next one: the account takes it only once it has heard that the first was undone.
    """
    return stay.leave_undone_at is not None and left_at < stay.leave_undone_at


def order_discharge(stay: Stay, ordered_at: datetime) -> tuple[Stay, LeaveExpected] | None:
    """The discharge is ordered: the patient is leaving (A16). None where they are not in a bed."""
    if stay.phase is not Phase.ADMITTED:
        return None
    leaving = replace(stay, discharge_ordered_at=ordered_at, version=stay.version + 1)
    return leaving, _expected(leaving)


def expect_leave(stay: Stay, expected_leave_at: datetime, now: datetime) -> tuple[Stay, LeaveExpected] | Refused:
    """The ward says when the patient will leave (A16); the last word counts."""
    if refused := check_admitted(stay):
        return refused
    if expected_leave_at <= now:
        return Refused(reason=Reason.LEAVES_BEFORE_NOW, remedy="give a time that lies ahead")
    leaving = replace(stay, expected_leave_at=expected_leave_at, version=stay.version + 1)
    return leaving, _expected(leaving)


def leaves_at(stay: Stay, expected_days: int) -> datetime:
    """When an admitted patient is expected to leave: the ward's word, else the order, else after the days asked for."""
    known = stay.expected_leave_at or stay.discharge_ordered_at
    return known or (stay.admitted_at or stay.reserved_at) + timedelta(days=expected_days)


def cancel_expectation(stay: Stay, now: datetime) -> tuple[Stay, LeaveExpectationCancelled] | Refused:
    """The ward takes back when the patient will leave (A25); an ordered discharge is not the ward's to take back."""
    if stay.phase is not Phase.ADMITTED or stay.expected_leave_at is None:
        return Refused(reason=Reason.NOT_LEAVING, remedy="nothing to cancel: the ward has given no time")
    stays_on = replace(stay, expected_leave_at=None, version=stay.version + 1)
    return stays_on, LeaveExpectationCancelled(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        cancelled_at=now,
        aggregate_version=stays_on.version,
    )


def change_care_team(stay: Stay, command: ChangeCareTeam, now: datetime) -> tuple[Stay, CareTeamChanged] | Refused:
    """Another specialty or team answers for the patient, who keeps the bed (转组不转床, A54)."""
    if refused := check_admitted(stay):
        return refused
    if (stay.specialty, stay.care_team) == (command.specialty, command.care_team):
        return Refused(reason=Reason.SAME_TEAM, remedy="nothing to do: this team answers for the patient already")
    changed = replace(stay, specialty=command.specialty, care_team=command.care_team, version=stay.version + 1)
    return changed, CareTeamChanged(
        stay_id=changed.stay_id,
        patient_id=changed.patient_id,
        bed_id=changed.bed_id,
        ward_id=changed.ward_id,
        specialty=changed.specialty,
        care_team=changed.care_team,
        previous_specialty=stay.specialty,
        previous_care_team=stay.care_team,
        changed_at=now,
        aggregate_version=changed.version,
    )


def _expected(stay: Stay) -> LeaveExpected:
    return LeaveExpected(
        stay_id=stay.stay_id,
        patient_id=stay.patient_id,
        bed_id=stay.bed_id,
        ward_id=stay.ward_id,
        expected_leave_at=stay.expected_leave_at,
        discharge_ordered_at=stay.discharge_ordered_at,
        aggregate_version=stay.version,
    )
