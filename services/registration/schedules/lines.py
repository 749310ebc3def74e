"""The rules of a clinic's lines, of its week or of a single day.

Invariant: lines that overlap are pools of one sitting, one for each access, with the same hours, clinicians and room.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.registration.schedules.model import (
    Clinic,
    Hours,
    Kind,
    PutClinic,
    PutDay,
    Reason,
    Session,
    Setting,
    SubstituteClinician,
)
from shared.decision import Refused

MINUTES_A_DAY = 24 * 60
LEAST_OF_A_TEAM = 2


def put_clinic(command: PutClinic, present: Clinic | None) -> Clinic | Refused:
    """The clinic as it is to be, if its template makes sense."""
    refusal = _zone(command.zone) or lines_fault(command.template)
    if refusal is not None:
        return refusal
    clinic = Clinic(
        clinic_id=command.clinic_id,
        campus_id=command.campus_id,
        specialty=command.specialty,
        zone=command.zone,
        calendar_id=command.calendar_id,
        name_zh=command.name_zh,
        name_en=command.name_en,
        template=in_order(command.template),
        version=present.version if present else 0,
    )
    return present if clinic == present else replace(clinic, version=clinic.version + 1)


def day_fault(command: PutDay, today: date) -> Refused | None:
    """What is wrong with the lines of a single day, if anything is."""
    if command.on < today:
        return Refused(reason=Reason.DAYS_PAST, remedy=f"give a day that is not past: {today} or later")
    if any(line.weekday != command.on.isoweekday() for line in command.lines):
        return Refused(reason=Reason.WEEKDAY_DIFFERS, remedy="give each line the weekday of that day")
    return lines_fault(command.lines)


def busy(reason: Reason) -> Refused:
    """Somebody or something is in another sitting at the time."""
    what = {Reason.CLINICIAN_BUSY: "clinician", Reason.ROOM_BUSY: "room", Reason.VEHICLE_BUSY: "vehicle"}[reason]
    remedy = f"one {what} is in one sitting at a time: choose another, or other hours"
    return Refused(reason=reason, remedy=remedy)


def zone_unknown() -> Refused:
    """The zone is none that both this process and the database know."""
    return Refused(reason=Reason.ZONE_UNKNOWN, remedy="give an IANA time zone, such as Asia/Shanghai or UTC")


def may_substitute(session: Session, command: SubstituteClinician, now: datetime) -> Refused | None:
    """Whether somebody else can sit in the session; whether the other is free, the database knows."""
    if session.closed_at is not None:
        return Refused(reason=Reason.SESSION_CLOSED, remedy="choose a session that is not closed")
    if session.ends_at <= now:
        return Refused(reason=Reason.SESSION_OVER, remedy="choose a session that is not over")
    if command.clinician_id == command.substitute_id:
        return Refused(reason=Reason.SAME_CLINICIAN, remedy="give as substitute_id somebody else")
    if command.clinician_id not in session.setting.clinicians:
        remedy = "give as clinician_id one of the session's setting.clinicians"
        return Refused(reason=Reason.CLINICIAN_ABSENT, remedy=remedy)
    return None


def lines_fault(lines: Sequence[Hours]) -> Refused | None:
    """What is wrong with the lines of a week, if anything is."""
    for line in lines:
        if fault := _line_fault(line):
            return fault
    for earlier, later in pairwise(in_order(lines)):
        if earlier.weekday != later.weekday or later.from_minute >= earlier.to_minute:
            continue
        if earlier.access is later.access:
            remedy = "let lines of one weekday and access not overlap; a second room is a clinic of its own"
            return Refused(reason=Reason.HOURS_OVERLAP, remedy=remedy)
        if _sitting(earlier) != _sitting(later):
            remedy = "give lines that overlap the same from, to and setting: they are pools of one sitting"
            return Refused(reason=Reason.POOLS_DIFFER, remedy=remedy)
    return None


def in_order(lines: Sequence[Hours]) -> tuple[Hours, ...]:
    """By weekday and hours."""
    return tuple(sorted(lines, key=lambda one: (one.weekday, one.from_minute, one.to_minute, one.access)))


def _line_fault(line: Hours) -> Refused | None:
    if not line.from_minute < line.to_minute <= MINUTES_A_DAY:
        return Refused(reason=Reason.HOURS_BACKWARDS, remedy="let each template line end after it begins, by 24:00")
    if (line.to_minute - line.from_minute) % line.slot_minutes:
        remedy = "choose slot_minutes that divide each template line without a rest"
        return Refused(reason=Reason.SLOTS_DO_NOT_FIT, remedy=remedy)
    return _setting_fault(line.setting)


def _setting_fault(setting: Setting) -> Refused | None:
    """A kind has what it needs, and nothing that belongs to another."""
    incomplete = {
        Kind.SPECIALTY: (setting.service_code is None, "give setting.service_code, such as anaesthesia or ultrasound"),
        Kind.MDT: (
            setting.mdt_form is None or len(setting.clinicians) < LEAST_OF_A_TEAM,
            f"give setting.mdt_form, and setting.clinicians with at least {LEAST_OF_A_TEAM}",
        ),
        Kind.MOBILE: (setting.vehicle is None or setting.stop is None, "give setting.vehicle and setting.stop"),
    }
    missing, remedy = incomplete.get(setting.kind, (False, ""))
    if missing:
        return Refused(reason=Reason.SETTING_INCOMPLETE, remedy=remedy)
    if len(set(setting.clinicians)) < len(setting.clinicians):
        return Refused(reason=Reason.SETTING_CONTRADICTS, remedy="name each of setting.clinicians once")
    if setting.mdt_form is not None and setting.kind is not Kind.MDT:
        return Refused(reason=Reason.SETTING_CONTRADICTS, remedy="leave setting.mdt_form out, or make setting.kind mdt")
    if (setting.vehicle or setting.stop) and setting.kind is not Kind.MOBILE:
        remedy = "leave setting.vehicle and setting.stop out, or make setting.kind mobile"
        return Refused(reason=Reason.SETTING_CONTRADICTS, remedy=remedy)
    return None


def _sitting(line: Hours) -> tuple[int, int, Setting]:
    return line.from_minute, line.to_minute, line.setting


def _zone(name: str) -> Refused | None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone_unknown()
    return None
