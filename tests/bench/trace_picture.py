"""Draws `docs/pictures/trace.svg` from a real run: one admission request, through every service that hears of it.

`python -m tests.bench.trace_picture` starts the whole suite on Apache Kafka with a collector beside it, registers an
invented patient, asks for a bed, and draws the trace of that request as it was handed over. About a minute.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path

import httpx

from deploy.local.issuer import Issuer
from deploy.local.layout import Home
from deploy.local.record import Record
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from shared.auth import Role
from shared.ids import new_id
from tests.support.collector import CollectedSpan, Collector, collecting

PICTURE = Path(__file__).resolve().parents[2] / "docs/pictures/trace.svg"
ROOT = "POST /admission-requests"
EXPECTED = {("beds", "process registration-events"), ("beds", "send beds-events"), ("console", "process beds-events")}
PATIENT = {"name": "Invented Person", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}
NEED = {"source": "clinic", "specialty": "cardiology", "campus_id": "main", "admission_class": "B"}
SECONDS = 30.0
COLOURS = {
    "registration": "#2563eb",
    "beds": "#059669",
    "discharge": "#d97706",
    "followup": "#9333ea",
    "console": "#64748b",
}
LEFT, WIDTH, ROW, TOP = 330, 560, 30, 64
MILLISECOND = 1_000_000


def main() -> int:
    """Run and draw; 1 when the trace is not whole in time."""
    root = Path(tempfile.mkdtemp(prefix="carejourney-trace-"))
    with collecting() as collector:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        os.environ["OTEL_BSP_SCHEDULE_DELAY"] = "200"
        stack = Stack(Home(root))
        try:
            ask_for_a_bed(stack.up(Wishes(kafka="apache", tied=True)), Issuer(root))
            spans = trace_of(collector)
        finally:
            stack.down()
            stack.reset()
            shutil.rmtree(root, ignore_errors=True)
    if not spans:
        sys.stderr.write("the trace did not become whole in time\n")
        return 1
    PICTURE.write_text(drawn(spans), encoding="utf-8")
    return 0


def ask_for_a_bed(record: Record, issuer: Issuer) -> None:
    """Register an invented patient and write an admission request, twice: the second finds everything warm."""
    for _ in range(2):
        patient_id = str(new_id())
        encounters = [{"encounter_id": f"e-{patient_id}", "encounter_class": "inpatient"}]
        need = {**NEED, "department_cmi": 1.0, "expected_days": 3, "encounters": encounters}
        for path, role, body in (
            ("/patients", Role.FRONT_DESK, PATIENT),
            ("/admission-requests", Role.CLINICIAN, {"request_id": str(new_id()), **need}),
        ):
            headers = {"Authorization": f"Bearer {issuer.token(role, 'picture')}", "Idempotency-Key": str(new_id())}
            url = record.urls["registration"] + path
            answer = httpx.post(url, json={"patient_id": patient_id, **body}, headers=headers, trust_env=False)
            answer.raise_for_status()
        time.sleep(1.0)


def trace_of(collector: Collector) -> list[CollectedSpan]:
    """The last admission request's spans, earliest first, once the last expected one has arrived."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        roots = [span for span in list(collector.spans) if span.name == ROOT]
        for root in sorted(roots, key=lambda span: span.started)[1:]:
            spans = [span for span in list(collector.spans) if span.trace_id == root.trace_id]
            if {(span.service, span.name) for span in spans} >= EXPECTED:
                return sorted(spans, key=lambda span: span.started)
        time.sleep(0.2)
    return []


def drawn(spans: Sequence[CollectedSpan]) -> str:
    """The trace as an SVG: a row a span, indented under the one that caused it."""
    began = spans[0].started
    scale = WIDTH / max(span.ended - began for span in spans)
    height = TOP + ROW * len(spans) + 24
    total = max(span.ended - began for span in spans) / MILLISECOND
    rows = [_row(span, depth, number, began, scale) for number, (span, depth) in enumerate(_tree(spans))]
    title = f"One trace: an admission request, from HTTP through outbox and Kafka to its effects ({total:.1f} ms)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" aria-label="{escape(title)}">',
            '<g font-family="system-ui, sans-serif" font-size="13">',
            f'<rect width="960" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="26" font-size="15" font-weight="600" fill="#0f172a">{escape(title)}</text>',
            *_legend({span.service for span in spans}),
            *rows,
            "</g></svg>\n",
        ]
    )


def _legend(services: set[str]) -> list[str]:
    shown = [service for service in COLOURS if service in services]
    return [
        f'<rect x="{16 + 120 * at}" y="40" width="10" height="10" rx="2" fill="{COLOURS[service]}"/>'
        f'<text x="{31 + 120 * at}" y="49" fill="#334155">{service}</text>'
        for at, service in enumerate(shown)
    ]


def _tree(spans: Sequence[CollectedSpan], parent: str | None = None, depth: int = 0) -> list[tuple[CollectedSpan, int]]:
    """Spans with their depth, children under their parents in order of time."""
    known = {span.span_id for span in spans}
    found = []
    for span in spans:
        if span.parent_id == parent or (parent is None and span.parent_id not in known):
            found += [(span, depth), *_tree(spans, span.span_id, depth + 1)]
    return found


def _row(span: CollectedSpan, depth: int, number: int, began: int, scale: float) -> str:
    y = TOP + ROW * number
    x = LEFT + (span.started - began) * scale
    width = max(2.0, (span.ended - span.started) * scale)
    milliseconds = (span.ended - span.started) / MILLISECOND
    event = span.attributes.get("cloudevents.event_type", "")
    beside = f"{milliseconds:.1f} ms {event}"
    inside = x + width > LEFT + WIDTH - 200
    place = f'x="{x - 6:.1f}" text-anchor="end"' if inside else f'x="{x + width + 6:.1f}"'
    return (
        f'<line x1="16" x2="944" y1="{y + ROW}" y2="{y + ROW}" stroke="#e2e8f0"/>'
        f'<text x="{16 + 14 * depth}" y="{y + 20}" fill="#0f172a">{escape(span.name)}</text>'
        f'<rect x="{x:.1f}" y="{y + 8}" width="{width:.1f}" height="15" rx="2" fill="{COLOURS[span.service]}"/>'
        f'<text {place} y="{y + 20}" font-size="11" fill="#475569">{escape(beside)}</text>'
    )


if __name__ == "__main__":
    raise SystemExit(main())
