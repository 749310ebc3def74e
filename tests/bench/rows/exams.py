"""P9: one request of six exams planned over sixty devices and fourteen days, many such cases, each from its own seed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import perf_counter

from services.registration.exams.case import Case, Day, Device, Exam, Rule, without
from services.registration.exams.planner import plan
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench

EXAMS, DEVICES, DAYS, SEEDS = 6, 60, 14, 200
MINUTES_A_DAY = 24 * 60
CAMPUSES = ("main", "north", "lakeside")
MODALITIES = ("CT", "MR", "US", "ES", "NM", "ECG", "LF", "LAB")
OPEN = ((8 * 60, 12 * 60), (13 * 60 + 30, 17 * 60 + 30))
FASTING = ((0, 12 * 60), (15 * 60 + 30, MINUTES_A_DAY))
ANY = ((0, MINUTES_A_DAY),)
TAGS = {"barium": 0.05, "iodine": 0.2, "meal": 0.05, "fasting": 0.3}
RULES = (
    Rule(rule_id="barium-ct", earlier_tag="barium", later_tag="CT", minutes=7 * MINUTES_A_DAY),
    Rule(rule_id="endoscopy-ultrasound", earlier_tag="ES", later_tag="US", minutes=MINUTES_A_DAY),
    Rule(rule_id="iodine-iodine", earlier_tag="iodine", later_tag="iodine", minutes=4 * 60),
    Rule(rule_id="meal-fasting", earlier_tag="meal", later_tag="fasting", minutes=6 * 60),
    Rule(rule_id="iodine-nuclear", earlier_tag="iodine", later_tag="NM", minutes=None),
)


def measure(_: Bench) -> Iterator[Row]:
    """P9."""
    took, proven = [], 0
    for seed in range(SEEDS):
        asked = seeded_case(seed)
        began = perf_counter()
        found = plan(asked)
        took.append((perf_counter() - began) * 1000)
        proven += found is None or found.proven
    what = f"plan of {EXAMS} exams, {DEVICES} devices, {DAYS} days"
    for name, percent in (("median", 50), ("p99", 99)):
        yield Row(
            id=f"P9.{name}", what=f"{what}, {name} of {SEEDS} cases", value=percentile(took, percent), unit="ms",
            runs=SEEDS, target="value <= 100",
        )  # fmt: skip
    yield Row(
        id="P9.proven", what="cases whose plan is proven the best there is", value=proven / SEEDS * 100, unit="%",
        runs=SEEDS, target="value >= 99",
    )  # fmt: skip


def seeded_case(seed: int) -> Case:
    """Devices of eight kinds on three campuses, booked to 60 to 95 %, and a request with rules between its exams."""
    random = Random(seed)
    exams = tuple(_exam(random, number) for number in range(EXAMS))
    first = date(2026, 3, 2)
    return Case(
        starts_at=datetime(2026, 3, 2, tzinfo=UTC),
        days=tuple(
            Day(
                on=first + timedelta(days=number),
                from_minute=number * MINUTES_A_DAY,
                to_minute=(number + 1) * MINUTES_A_DAY,
            )
            for number in range(DAYS)
        ),
        exams=exams,
        devices=tuple(_device(random, number, exams) for number in range(DEVICES)),
        rules=RULES,
        windows=((0, DAYS * MINUTES_A_DAY),),
        travel={(one, other): 45 for one in CAMPUSES for other in CAMPUSES if one != other},
        changeover_minutes=10,
    )


def _exam(random: Random, number: int) -> Exam:
    modality = random.choice(MODALITIES)
    tags = {modality} | {tag for tag, share in TAGS.items() if random.random() < share}
    return Exam(
        item_code=f"{modality}-{number}",
        minutes=random.choice((5, 10, 15, 20, 30, 45)),
        tags=frozenset(tags),
        hours=FASTING if "fasting" in tags else ANY,
    )


def _device(random: Random, number: int, exams: tuple[Exam, ...]) -> Device:
    modality = MODALITIES[number % len(MODALITIES)]
    busy = random.uniform(0.6, 0.95)
    free: list[tuple[int, int]] = []
    for day in range(DAYS):
        opened = [(day * MINUTES_A_DAY + start, day * MINUTES_A_DAY + end) for start, end in OPEN]
        taken = [(at, at + 15) for start, end in opened for at in range(start, end, 15) if random.random() < busy]
        free += without(opened, taken)
    return Device(
        device_id=f"{modality}-{number:02}",
        campus_id=CAMPUSES[number // len(MODALITIES) % len(CAMPUSES)],
        items=frozenset(exam.item_code for exam in exams if modality in exam.tags and random.random() < 0.9),
        free=tuple(free),
    )
