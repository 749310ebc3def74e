"""The bench's own arithmetic, its report and its picture. Nothing here is timed."""

import json
import os
from time import clock_gettime, process_time

import pytest
from jsonschema import Draft202012Validator

from tests.bench import pgbench, plot, report, seeding
from tests.bench.figures import Row, alternate, exponent, percentile, ratio, rounded
from tests.bench.harness import cpu_clock_of

BASELINE = {"what": "the limit", "value": 10_955.4}


def row(**changes):
    usual = {"id": "P1.throughput", "what": "bookings", "value": 27_719.3, "unit": "bookings/s", "runs": 3}
    return Row(**(usual | changes))


def document():
    return report.report(
        [
            row(baseline=BASELINE, ratio=2.5304, cpu_us=21.333, target="ratio >= 2.5"),
            row(id="P1.p99", unit="ms", value=22.0, target="value <= 20"),
            row(id="G1.bookings.1000", value=20.0, unit="µs"),
            row(id="G1.bookings.1000000", value=22.0, unit="µs"),
        ]
    )


@pytest.mark.parametrize(
    ("target", "value", "ratio_", "met"),
    [
        ("value <= 20", 20, None, True),
        ("value <= 20", 20.1, None, False),
        ("value >= 10000", 10_000, None, True),
        ("ratio >= 0.85", 1, 0.85, True),
        ("ratio >= 0.85", 1, 0.84, False),
        (None, 1, 0.84, None),
    ],
)
def test_a_row_judges_itself_by_its_target(target, value, ratio_, met):
    assert row(value=value, ratio=ratio_, target=target).met is met


@pytest.mark.parametrize("target", ["value < 20", "faster", "ratio >= 2"])
def test_a_target_that_cannot_be_judged_is_refused(target):
    with pytest.raises(ValueError, match="write the target as"):
        row(target=target)


def test_the_two_sides_of_a_comparison_take_turns():
    order = []
    first, second = alternate(lambda: order.append("A") or 1, lambda: order.append("B") or 2, 3)
    assert "".join(order) == "ABABAB"
    assert (first, second) == ([1, 1, 1], [2, 2, 2])


def test_a_ratio_is_the_median_of_pairs_not_of_medians():
    assert ratio([10, 50, 30], [5, 100, 10]) == 2


def test_percentiles_and_the_single_measurement():
    assert percentile(list(range(1, 102)), 99) == pytest.approx(100)
    assert percentile([7.0], 99) == 7.0


def test_the_cpu_clock_of_a_process_is_the_one_that_the_process_reads_itself():
    before, between, after = process_time(), clock_gettime(cpu_clock_of(os.getpid())), process_time()
    assert before <= between <= after


@pytest.mark.parametrize("power", [0, 1, 1.3, 2])
def test_the_exponent_is_the_slope_of_the_logarithms(power):
    sizes = [10**n for n in range(3, 7)]
    assert exponent(sizes, [5 * size**power for size in sizes]) == pytest.approx(power)


def test_figures_have_as_many_digits_as_were_measured():
    assert [rounded(value) for value in (27_719.3, 2.53044, 0.0133333, 0, None)] == [27_719, 2.53, 0.01333, 0, None]


def test_the_published_schema_is_the_reports_and_takes_a_report():
    published = json.loads(report.SCHEMA.read_text(encoding="utf-8"))
    assert published == report.schema()
    Draft202012Validator.check_schema(published)
    assert list(Draft202012Validator(published).iter_errors(document())) == []


@pytest.mark.parametrize("change", [{"id": "X.1"}, {"target": "fast"}, {"runs": 0}, {"value": None}])
def test_the_schema_refuses_what_is_no_row(change):
    faulty = document()
    faulty["rows"][0] |= change
    assert list(Draft202012Validator(report.schema()).iter_errors(faulty))


def test_the_published_result_fits_the_schema_and_its_page():
    published = json.loads((report.PUBLISHED / "bench.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(report.schema()).iter_errors(published)) == []
    page = (report.PUBLISHED.parent / "bench.md").read_text(encoding="utf-8")
    assert [one["id"] for one in published["rows"] if f"| {one['id']} |" not in page] == []


def test_a_part_joins_the_last_run_of_the_same_commit_and_of_no_other(tmp_path):
    last = tmp_path / "bench.json"
    report.write(document(), last)
    part = report.report([row(id="P1.throughput", value=1.0), row(id="P11.stack", value=9.0)])
    assert [one["id"] for one in report.joined(part, last)["rows"]] == [
        "P1.throughput",
        "P11.stack",
        "G1.bookings.1000",
        "G1.bookings.1000000",
    ]
    assert report.joined(part | {"commit": "another"}, last)["rows"] == part["rows"]


def test_the_table_says_each_row_with_its_verdict():
    lines = report.table(document()).splitlines()
    assert lines[1].split()[0] == "P1.throughput"
    assert lines[1].endswith("met")
    assert lines[2].endswith("missed")


def test_the_same_document_draws_the_same_picture(tmp_path):
    pictures = [tmp_path / name for name in ("one.svg", "other.svg")]
    for picture in pictures:
        plot.draw(document(), picture)
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert "P1.throughput" in pictures[0].read_text()


def test_how_far_a_row_is_from_its_target():
    over, under = (one for one in document()["rows"] if one["target"])
    assert plot.headroom(over) == pytest.approx(1.012)
    assert plot.headroom(under) == pytest.approx(20 / 22)


def test_the_limit_asks_the_products_own_statement():
    script = pgbench.statement(seeding.opens(), pgbench.Spread(sessions=1, slots=1))
    for part in (
        "slot.booked >= slot.capacity",
        "INSERT INTO appointment",
        "INSERT INTO command",
        "INSERT INTO outbox",
    ):
        assert part in script
    assert "$" not in script
