"""An order, the catalogue and the calendars as a case for the planner, and a plan as exams of the order. Pure.

Invariant: a case begins with the hospital's own midnight, so every start of a plan is on a tick of its clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from services.registration.examcatalogue.model import Catalogue, ExamDevice, day_starts, opening
from services.registration.exams.case import (
    TICK_MINUTES,
    Case,
    Day,
    Device,
    Exam,
    Place,
    Rule,
    Span,
    faults_of,
    overlaps,
    without,
)
from services.registration.exams.model import ExamOrder, ExamStatus, PlacedExam
from services.registration.exams.policy import Policy

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedExam:
    """An exam that is not planned here, and what rules call it by."""

    place: PlacedExam
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """What is taken: device → spans, and the spans at which the patient is elsewhere, in order of time.

    `fixed` are the patient's exams that stay as they are: what is done, and what other orders have.
    """

    devices: Mapping[str, Sequence[tuple[datetime, datetime]]]
    patient: Sequence[tuple[datetime, datetime]]
    fixed: Sequence[FixedExam] = ()


def horizon(order: ExamOrder, zone: str, policy: Policy, now: datetime) -> tuple[datetime, datetime]:
    """From when until when places may be: after the notice, within the policy's days or the order's own end."""
    earliest = max(now + policy.notice, order.not_before or now)
    first = earliest.astimezone(ZoneInfo(zone)).date()
    ends = day_starts(zone, first + timedelta(days=policy.horizon_days))
    return earliest, min(ends, order.latest_at or ends)


def make_case(order: ExamOrder, catalogue: Catalogue, taken: Calendars, policy: Policy, now: datetime) -> Case | None:
    """The case of an order's exams that are to be done; None where its time is over."""
    zone = catalogue.network.zone
    earliest, latest = horizon(order, zone, policy, now)
    if earliest >= latest:
        return None
    first = earliest.astimezone(ZoneInfo(zone)).date()
    count = (latest.astimezone(ZoneInfo(zone)).date() - first).days + 1
    starts_at = day_starts(zone, first)
    dates = [first + timedelta(days=number) for number in range(count + 1)]
    bounds = [(day_starts(zone, on) - starts_at) // MINUTE for on in dates]
    days = tuple(Day(on=on, from_minute=a, to_minute=b) for on, a, b in zip(dates, bounds, bounds[1:], strict=False))
    own = _spans(order.windows, starts_at) or [(0, bounds[-1])]
    within = overlaps(own, _spans([(earliest, latest)], starts_at))
    case = Case(
        starts_at=starts_at,
        days=days,
        exams=tuple(_exam(code, catalogue, policy) for code in order.to_do),
        devices=tuple(
            _device(one, catalogue, taken, days, starts_at)
            for one in catalogue.devices
            if not order.campus_ids or one.campus_id in order.campus_ids
        ),
        rules=tuple(
            Rule(rule_id=one.rule_id, earlier_tag=one.earlier_tag, later_tag=one.later_tag, minutes=one.minutes)
            for one in catalogue.rules
        ),
        windows=without(tuple(within), _taken(taken.patient, starts_at)),
        travel=catalogue.network.travel,
        changeover_minutes=policy.changeover_minutes,
    )
    return replace(case, barred=_barred(case, taken.fixed))


def placed_exams(
    places: Iterable[Place], case: Case, devices: Mapping[str, ExamDevice], status: ExamStatus
) -> list[PlacedExam]:
    """The places of a plan as exams of an order."""
    return [
        PlacedExam(
            item_code=one.item_code,
            device_id=one.device_id,
            campus_id=one.campus_id,
            reading_campus_id=devices[one.device_id].reading_campus_id,
            starts_at=case.instant(one.start),
            ends_at=case.instant(one.end),
            status=status,
        )
        for one in places
    ]


def place_of(exam: PlacedExam, case: Case) -> Place:
    """An exam of an order as the planner sees it."""
    return Place(
        item_code=exam.item_code,
        device_id=exam.device_id,
        campus_id=exam.campus_id,
        start=case.minute(exam.starts_at),
        end=case.minute(exam.ends_at),
    )


def impossible(case: Case) -> list[str]:
    """The items that have no start at all, whatever the others do."""
    return [exam.item_code for exam in case.exams if not any(any(case.starts(exam, device)) for device in case.devices)]


def legal_starts(case: Case, item_code: str, others: Sequence[Place], on: date) -> list[Place]:
    """Where one exam can be on a day while the others stay: a place for each start and campus."""
    day = next((one for one in case.days if one.on == on), None)
    if day is None:
        return []
    minutes = case.by_item[item_code].minutes
    found: dict[tuple[int, str], Place] = {}
    for device in case.devices:
        for first, last in case.starts(case.by_item[item_code], device):
            for start in range(_tick(max(first, day.from_minute)), min(last, day.to_minute - 1) + 1, TICK_MINUTES):
                place = Place(
                    item_code=item_code,
                    device_id=device.device_id,
                    campus_id=device.campus_id,
                    start=start,
                    end=start + minutes,
                )
                if (start, device.campus_id) not in found and not faults_of(case, place, others):
                    found[start, device.campus_id] = place
    return [found[key] for key in sorted(found)]


def _exam(code: str, catalogue: Catalogue, policy: Policy) -> Exam:
    item = catalogue.items[code]
    return Exam(item_code=code, minutes=item.minutes, tags=item.every_tag, hours=policy.hours(item.fasting_hours))


def _barred(case: Case, fixed: Sequence[FixedExam]) -> dict[tuple[str, str], list[Span]]:
    """Item and campus → the spans in which the exam cannot start for the sake of exams that stay as they are.

    Intervals count, and the way. An order that is forbidden counts within one request alone: what was done weeks ago
    is no reason for never.
    """
    found: dict[tuple[str, str], list[Span]] = {}
    for exam, campus_id in product(case.exams, {device.campus_id for device in case.devices}):
        spans = [
            (
                case.minute(one.place.starts_at) - exam.minutes - _gap(case, exam.tags, campus_id, one.tags, there),
                case.minute(one.place.ends_at) + _gap(case, one.tags, there, exam.tags, campus_id),
            )
            for one in fixed
            for there in (one.place.campus_id,)
        ]
        found[exam.item_code, campus_id] = sorted(spans)
    return found


def _gap(case: Case, earlier: frozenset[str], here: str, later: frozenset[str], there: str) -> int:
    """Minutes from the end of an exam on one campus to the start of another exam on the other."""
    return max(case.minutes_between(earlier, later), case.way(here, there) or 0)


def _device(
    device: ExamDevice, catalogue: Catalogue, taken: Calendars, days: Sequence[Day], starts_at: datetime
) -> Device:
    opened = [span for day in days for span in opening(device, catalogue.network.zone, day.on)]
    busy = _taken(taken.devices.get(device.device_id, ()), starts_at)
    return Device(
        device_id=device.device_id,
        campus_id=device.campus_id,
        items=frozenset(item.item_code for item in catalogue.items.values() if device.does(item)),
        free=without(_spans(opened, starts_at), busy),
    )


def _spans(instants: Sequence[tuple[datetime, datetime]], starts_at: datetime) -> list[Span]:
    """Spans in minutes of the case, the whole minutes of what is free."""
    return [(-((starts_at - start) // MINUTE), (end - starts_at) // MINUTE) for start, end in instants]


def _taken(instants: Sequence[tuple[datetime, datetime]], starts_at: datetime) -> list[Span]:
    """Spans in minutes of the case, every minute that is touched by what is taken."""
    return [((start - starts_at) // MINUTE, -((starts_at - end) // MINUTE)) for start, end in instants]


def _tick(minute: int) -> int:
    """The first tick that is not before the minute."""
    return -(-minute // TICK_MINUTES) * TICK_MINUTES
