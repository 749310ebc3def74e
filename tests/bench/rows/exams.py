"""P9: one request of six exams, planned over sixty devices and fourteen days; many such cases, each from its seed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from time import perf_counter, process_time
from uuid import UUID

from services.registration.examcatalogue import files
from services.registration.examcatalogue.model import Catalogue, ExamDevice, Modality, Network, opening
from services.registration.exams import casing, model
from services.registration.exams.case import Case
from services.registration.exams.casing import Calendars
from services.registration.exams.model import OrderExams
from services.registration.exams.planner import plan
from services.registration.exams.policy import policy
from services.simulator.hospital.files import HERE
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench

EXAMS, DEVICES, CASES = 6, 60, 200
CAMPUSES = ("main", "north", "lakeside")
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 1, 22, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
NOBODY = UUID(int=0)


def measure(_: Bench) -> Iterator[Row]:
    """P9."""
    took, used, found = [], [], []
    for seed in range(CASES):
        asked = seeded_case(seed)
        began, cpu = perf_counter(), process_time()
        best = plan(asked)
        took.append((perf_counter() - began) * 1000)
        used.append((process_time() - cpu) * 1e6)
        found += [best] if best else []
    what = f"plan of {EXAMS} exams of the sample catalogue, {DEVICES} devices, {policy().horizon_days} days"
    for name, percent in (("median", 50), ("p99", 99)):
        yield Row(
            id=f"P9.{name}", what=f"{what}, {name} of {CASES} cases", value=percentile(took, percent), unit="ms",
            cpu_us=percentile(used, percent), runs=CASES, target="value <= 100",
        )  # fmt: skip
    yield Row(
        id="P9.proven", what="of the plans found, proven to be the best", unit="%", runs=len(found),
        value=sum(one.proven for one in found) / len(found) * 100,
    )  # fmt: skip


def seeded_case(seed: int) -> Case:
    """Sixty devices on three campuses, booked to between 60 and 90 % in quarters of an hour, and a random request."""
    random = Random(seed)  # noqa: S311 - the same cases in every run
    items, rules = catalogue_files()
    asked = random.sample(sorted(items), EXAMS)
    devices = [_device(number) for number in range(DEVICES)]
    catalogue = Catalogue(
        items={code: items[code] for code in asked},
        rules=rules,
        devices=tuple(sorted(devices, key=lambda one: one.device_id)),
        network=Network(zone=ZONE, travel={(a, b): 45 for a in CAMPUSES for b in CAMPUSES if a != b}),
    )
    order = model.order(OrderExams(order_id=NOBODY, patient_id=NOBODY, item_codes=tuple(asked)), NOW)
    taken = Calendars(devices={one.device_id: list(_taken(random, one)) for one in devices}, patient=())
    made = casing.make_case(order, catalogue, taken, policy(), NOW)
    assert made is not None
    return made


@cache
def catalogue_files():
    """The sample catalogue's items by code, and its rules."""
    items, _ = files.ITEMS.read((HERE / "exam_items.csv").read_bytes())
    rules, _ = files.RULES.read((HERE / "exam_rules.csv").read_bytes())
    return {one.item_code: one for one in items.values()}, tuple(rules.values())


def _device(number: int) -> ExamDevice:
    modality = tuple(Modality)[number % len(Modality)]
    campus = CAMPUSES[number // len(Modality) % len(CAMPUSES)]
    return ExamDevice(
        device_id=f"{modality.lower()}-{number:02}", campus_id=campus, room="", modality=modality, items=(),
        reading_campus_id=campus, hours=files.hours("1-6 08:00-12:00 13:30-17:30"),
    )  # fmt: skip


def _taken(random: Random, device: ExamDevice) -> Iterator[tuple[datetime, datetime]]:
    busy = random.uniform(0.6, 0.9)
    for number in range(policy().horizon_days):
        for opens, closes in opening(device, ZONE, (NOW + timedelta(days=number, hours=8)).date()):
            for quarter in range((closes - opens) // QUARTER):
                if random.random() < busy:
                    yield opens + quarter * QUARTER, opens + (quarter + 1) * QUARTER
