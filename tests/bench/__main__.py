"""`python -m tests.bench [ROWS] [--runs N] [--publish]`: measure, print the table, keep the JSON.

Needs Java and Kafka's jars (`make provision`). Exits 1 when a measurement failed, whatever the targets say.
"""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter

from shared.hosting import settle_collector
from tests.bench import plot, report
from tests.bench.figures import Row
from tests.bench.growth import bookings, projection, rounds
from tests.bench.growth import due as growing_due
from tests.bench.harness import RUNS, Bench
from tests.bench.rows import (
    beds,
    booking,
    desk,
    due,
    events,
    exams,
    footprint,
    http,
    rush,
    search,
    sessions,
    settlement,
)

FAMILIES: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "P1": booking.measure,
    "P2": http.measure,
    "P2.search": search.measure,
    "P3": rush.measure,
    "P4": events.throughput,
    "P5": events.latency,
    "P6": beds.measure,
    "P6.desk": desk.measure,
    "P7": due.measure,
    "P8": settlement.measure,
    "P9": exams.measure,
    "G1": bookings.measure,
    "G2": growing_due.measure,
    "G3": rounds.measure,
    "G4": projection.measure,
    "G5": sessions.measure,
    "P11": footprint.measure,
}
STOPPED = 143
MOST_SECONDS = 780.0
"""After so long no further family begins; the longest takes under two minutes."""


def main() -> int:
    """Run the families asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measures the suite beside its limits.")
    parser.add_argument("rows", nargs="?", default="", help=f"a part, such as P1,P4; of {', '.join(FAMILIES)}")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each side of a comparison is measured")
    parser.add_argument("--publish", action="store_true", help="also write docs/bench.md and docs/bench/")
    arguments = parser.parse_args()
    wanted = arguments.rows.split(",") if arguments.rows else list(FAMILIES)
    if unknown := [name for name in wanted if name not in FAMILIES]:
        parser.error(f"unknown rows {', '.join(unknown)}: give some of {', '.join(FAMILIES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    settle_collector()  # as services do
    load = os.getloadavg()
    rows, failed = measured(wanted, arguments.runs)
    document = report.report(rows)
    report.write(document)
    sys.stdout.write(f"{report.table(document)}\n\nwritten to {report.RESULT}\n")
    if arguments.publish:
        document = report.joined(document, report.PUBLISHED / "bench.json")
        report.write(document, report.PUBLISHED / "bench.json")
        plot.draw(document, report.PUBLISHED / "bench.svg")
        (report.PUBLISHED.parent / "bench.md").write_text(report.page(document, load), encoding="utf-8")
        sys.stdout.write(f"published in {report.PUBLISHED}\n")
    return 1 if failed else 0


def measured(wanted: list[str], runs: int) -> tuple[list[Row], list[str]]:
    """The rows, and the families that failed or for which no time was left; what failed stops no other."""
    rows: list[Row] = []
    failed: list[str] = []
    began = perf_counter()
    with Bench(runs=runs) as bench:
        for name in wanted:
            if perf_counter() - began > MOST_SECONDS:
                sys.stderr.write(f"{name}: not measured, {MOST_SECONDS:.0f} s are over\n")
                failed.append(name)
                continue
            sys.stderr.write(f"{name} …\n")
            try:
                for row in FAMILIES[name](bench):
                    rows.append(row)
                    sys.stderr.write("  " + "  ".join(filter(None, report.cells(row.as_json()))) + "\n")
            except Exception:  # noqa: BLE001 - the other families are measured all the same
                traceback.print_exc()
                failed.append(name)
    return rows, failed


if __name__ == "__main__":
    raise SystemExit(main())
