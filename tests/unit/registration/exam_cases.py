"""Small exam cases for tests, drawn by hypothesis, and the best plan of one by trying every one.

The exhaustive search knows the rules from the requirement and shares no code with the planner but the values of a case.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import product

from hypothesis import strategies as st

from services.registration.exams.case import Case, Day, Device, Exam, Rule

STARTS_AT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 24 * 60
CAMPUSES = ("east", "north")
TAGS = ("barium", "iodine", "plain")


def days(count: int) -> tuple[Day, ...]:
    """So many days from midnight to midnight."""
    first = date(2026, 3, 2)
    return tuple(
        Day(on=first + timedelta(days=number), from_minute=number * DAY, to_minute=(number + 1) * DAY)
        for number in range(count)
    )


def case(*exams: Exam, devices, rules=(), windows=None, travel=None, count=3, barred=None) -> Case:
    """A case of `count` days that the patient can come at any time of."""
    return Case(
        starts_at=STARTS_AT,
        days=days(count),
        exams=exams,
        devices=tuple(devices),
        rules=tuple(rules),
        windows=((0, count * DAY),) if windows is None else windows,
        travel={("east", "north"): 40, ("north", "east"): 40} if travel is None else travel,
        changeover_minutes=5,
        barred=barred or {},
    )


def exam(item_code: str, minutes: int = 20, *tags: str, hours=((0, DAY),)) -> Exam:
    """An exam that may start at any hour."""
    return Exam(item_code=item_code, minutes=minutes, tags=frozenset(tags), hours=hours)


def device(device_id: str, *items: str, campus: str = "east", free=((480, 720),)) -> Device:
    """A device that is free from 8 to 12 on the first day."""
    return Device(device_id=device_id, campus_id=campus, items=frozenset(items), free=free)


@st.composite
def small_cases(draw) -> Case:
    """Up to four exams on up to four devices of two campuses, two or three days, a few narrow free spans."""
    numbers = range(draw(st.integers(1, 4)))
    hours = st.sampled_from((((0, DAY),), ((0, 500),), ((0, 490), (520, DAY))))
    exams = [
        exam(
            f"item-{number}",
            draw(st.sampled_from((5, 10, 15, 20))),
            draw(st.sampled_from(TAGS)),
            hours=draw(hours),
        )
        for number in numbers
    ]
    count = draw(st.integers(1, 3))
    spans = st.tuples(st.integers(0, count - 1), st.integers(92, 106), st.integers(2, 7)).map(
        lambda drawn: (drawn[0] * DAY + drawn[1] * 5, drawn[0] * DAY + (drawn[1] + drawn[2]) * 5)
    )
    devices = [
        device(
            f"device-{number}",
            *draw(st.sets(st.sampled_from([one.item_code for one in exams]), min_size=1)),
            campus=draw(st.sampled_from(CAMPUSES)),
            free=apart(draw(st.lists(spans, min_size=1, max_size=3))),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    rules = [
        Rule(
            rule_id=f"rule-{number}",
            earlier_tag=draw(st.sampled_from(TAGS)),
            later_tag=draw(st.sampled_from(TAGS)),
            minutes=draw(st.sampled_from((None, 15, 30, 1430, 1440))),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    windows = draw(st.sampled_from((None, ((0, 510), (520, count * DAY)))))
    travel = draw(st.sampled_from((None, {}, {("east", "north"): 10, ("north", "east"): 15})))
    near = st.tuples(st.integers(455, 540), st.integers(1, 60)).map(lambda drawn: (drawn[0], sum(drawn)))
    barred = {
        (draw(st.sampled_from(exams)).item_code, draw(st.sampled_from(CAMPUSES))): sorted(
            draw(st.lists(near, min_size=1, max_size=2))
        )
        for _ in range(draw(st.integers(0, 2)))
    }
    return case(*exams, devices=devices, rules=rules, windows=windows, travel=travel, count=count, barred=barred)


def apart(spans):
    """The spans in order, those that overlap an earlier one left out."""
    kept = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)


def exhaustive(asked: Case) -> tuple[int, int, int] | None:
    """Visits, minutes on site and end of the best plan, or None, by trying every start on every campus."""
    choices = [sorted(set(starts(asked, one))) for one in asked.exams]
    best = None
    for chosen in product(*choices):
        plan = (
            sorted(
                (start, start + one.minutes, campus, one)
                for (start, campus), one in zip(chosen, asked.exams, strict=True)
            )
            if len({start for start, _ in chosen}) == len(chosen)
            else []
        )
        if plan and keeps_rules(asked, plan):
            found = judged(plan)
            best = found if best is None else min(best, found)
    return best


def starts(asked: Case, one: Exam):
    """Every start of an exam, with its campus."""
    for own in asked.devices:
        for start in range(0, asked.days[-1].to_minute, 5):
            inside = any(a <= start and start + one.minutes <= b for a, b in own.free)
            wished = any(a <= start and start + one.minutes <= b for a, b in asked.windows)
            hour = any(a <= start % DAY <= b for a, b in one.hours)
            kept_off = any(a < start < b for a, b in asked.barred.get((one.item_code, own.campus_id), ()))
            if one.item_code in own.items and inside and wished and hour and not kept_off:
                yield start, own.campus_id


def keeps_rules(asked: Case, plan) -> bool:
    """Whether every pair has the time between them that rules and ways want."""
    for place, (_, end, campus, one) in enumerate(plan):
        for start, _, other_campus, other in plan[place + 1 :]:
            wanted = [5] if campus == other_campus else [asked.travel.get((campus, other_campus))]
            wanted += [r.minutes for r in asked.rules if r.earlier_tag in one.tags and r.later_tag in other.tags]
            if any(minutes is None or start - end < minutes for minutes in wanted):
                return False
    return True


def judged(plan) -> tuple[int, int, int]:
    """Visits, minutes on site and the end."""
    visits, stay, began, last = 0, 0, 0, None
    for start, end, campus, _ in plan:
        if last is None or (start // DAY, campus) != last[:2]:
            stay += 0 if last is None else last[2] - began
            visits, began = visits + 1, start
        last = (start // DAY, campus, end)
    return visits, stay + last[2] - began, last[2]
