"""What a run leaves: `.local/bench.json`, a table on the terminal and, published, the same under `docs/bench/`.

Invariant: the JSON is what `docs/schemas/bench.schema.json` says, and the page's rows are drawn from it alone. A part
that is published joins the rows of the last run only where that was of the same commit on as many cores.
"""

import json
import os
import platform
import subprocess
import timeit
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from deploy.local.layout import STATE
from tests.bench.figures import TARGET, Row

ROOT = Path(__file__).resolve().parents[2]
RESULT = STATE / "bench.json"
PUBLISHED = ROOT / "docs" / "bench"
SCHEMA = ROOT / "docs" / "schemas" / "bench.schema.json"
HEADINGS = ("id", "what", "value", "limit beside it", "ratio", "CPU µs", "target", "")
MARKS = {True: "met", False: "missed", None: ""}


class Baseline(BaseModel):
    """What the row is compared with, measured in the same run."""

    what: str
    value: float


class RowShape(BaseModel):
    """One measured quantity."""

    id: str = Field(pattern=r"^[PG]\d+\.[a-z0-9_.]+$")
    what: str
    value: float
    unit: str
    baseline: Baseline | None
    ratio: float | None = Field(
        description="value ÷ baseline, the median over pairs; null where the target is absolute"
    )
    cpu_us: float | None = Field(description="CPU microseconds an operation; says what the wall clock hides when busy")
    runs: int = Field(ge=1)
    target: str | None = Field(pattern=f"^{TARGET.pattern}$", description="null for a row that only informs")
    met: bool | None


class Report(BaseModel):
    """A run of `make bench`."""

    cores: int = Field(ge=1)
    interpreter: str = Field(description="its version, and how long a turn of a small loop takes")
    commit: str
    rows: list[RowShape]


def schema() -> dict[str, Any]:
    """The report's JSON Schema, draft 2020-12. A reader ignores keys it does not know."""
    described = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "bench.schema.json", **described}


def report(rows: Iterable[Row]) -> dict[str, Any]:
    """The document of a run."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - the developer's git
    return {
        "cores": os.cpu_count() or 1,
        "interpreter": interpreter(),
        "commit": head.stdout.strip() or "unknown",
        "rows": [row.as_json() for row in rows],
    }


def interpreter() -> str:
    """Which Python this is, and how fast: the same version built without optimisation takes half as long again."""
    turns, kept = 20_000, {}

    def loop() -> None:
        for number in range(turns):
            kept[number % 100] = f"{number}/{number + 1}"

    best = min(timeit.repeat(loop, number=1, repeat=20)) / turns * 1e6
    return f"{platform.python_implementation()} {platform.python_version()} ({best:.2f} µs a turn of a small loop)"


def write(document: Mapping[str, Any], path: Path = RESULT) -> None:
    """Keep a document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def joined(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The document with those rows of the one at `path` that it has not measured anew, if both are of one commit."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if any(before.get(same) != document[same] for same in ("cores", "commit")):
        return dict(document)
    families = {family(row) for row in document["rows"]}
    kept = [row for row in before["rows"] if family(row) not in families]
    return {**document, "rows": sorted([*kept, *document["rows"]], key=place)}


def family(row: Mapping[str, Any]) -> str:
    """`P1` of `P1.throughput`."""
    return str(row["id"]).partition(".")[0]


def place(row: Mapping[str, Any]) -> tuple[bool, int]:
    """Where a row's family stands in the table: P before G, then by number."""
    return family(row)[0] != "P", int(family(row)[1:])


def table(document: Mapping[str, Any]) -> str:
    """The rows for a terminal."""
    lines = [HEADINGS, *(cells(row) for row in document["rows"])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def page(document: Mapping[str, Any], load: tuple[float, float, float]) -> str:
    """The page that is published: what was measured, where, and which targets were missed."""
    rows = document["rows"]
    judged = [row for row in rows if row["met"] is not None]
    missed = [row["id"] for row in judged if not row["met"]]
    lines = [
        "# Measured",
        "",
        (
            f"`make bench` on {document['cores']} cores, commit `{document['commit'][:12]}`, with "
            f"{document['interpreter']} and a load average of "
            f"{load[0]:.1f} / {load[1]:.1f} / {load[2]:.1f} before it began (1 / 5 / 15 minutes). Above "
            f"{document['cores']} others were at work too, and times by the wall say more of them than of us. Ratios "
            "were taken turn by turn with their limit (A B A B, median); CPU time is of us and the database."
        ),
        "",
        f"{len(judged) - len(missed)} of {len(judged)} targets met"
        + (f"; missed: {', '.join(missed)}." if missed else "."),
        "",
        "![value beside target](bench/bench.svg)",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
        "",
        (
            "P rows are speed and size, G rows are growth. This page, its picture and [its JSON](bench/bench.json) "
            "([schema](schemas/bench.schema.json)) are written by `make bench ARGS=--publish`; "
            "`make bench ROWS=P1,P4` runs a part. What each row is and why some are missed: "
            "[how it is measured](bench/how.md)."
        ),
        "",
    ]
    return "\n".join(lines)


def cells(row: Mapping[str, Any]) -> Sequence[str]:
    """A row as words."""
    baseline = row["baseline"]
    return (
        row["id"],
        row["what"],
        f"{number(row['value'])} {row['unit']}",
        f"{number(baseline['value'])} ({baseline['what']})" if baseline else "",
        number(row["ratio"]),
        number(row["cpu_us"]),
        row["target"] or "",
        MARKS[row["met"]],
    )


def number(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def main() -> None:
    """Write the schema of the report."""
    write(schema(), SCHEMA)


if __name__ == "__main__":
    main()
