"""The suite's Grafana dashboard as code: `deploy/grafana/carejourney.json` is made from this by `make generated`.

Prometheus scrapes each service as a job of its own, named as the service (see `deploy/alerts`).

Invariants: a panel's title is the question that it answers; panels of a row lie side by side and fill its width.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 24
STAT_HEIGHT: Final = 4
GRAPH_HEIGHT: Final = 8
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
JOB: Final = 'job=~"$job"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question. `queries` are PromQL → legend; a `stat` shows the worst value now, red from `red_from` on."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    stat: bool = False
    red_from: float | None = None

    def drawn(self, panel_id: int, x: int, y: int, width: int) -> dict[str, Any]:
        """The panel as Grafana reads it."""
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.red_from is not None:
            steps.append({"color": "red", "value": self.red_from})
        defaults = {"unit": self.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
        return {
            "id": panel_id,
            "title": self.title,
            "type": "stat" if self.stat else "timeseries",
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": STAT_HEIGHT if self.stat else GRAPH_HEIGHT},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": STAT_OPTIONS if self.stat else GRAPH_OPTIONS,
            "targets": [
                {"refId": chr(ord("A") + number), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
                for number, (expr, legend) in enumerate(self.queries.items())
            ],
        }


STAT_OPTIONS: Final = {
    "colorMode": "background",
    "graphMode": "area",
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
}
GRAPH_OPTIONS: Final = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


def quantile(share: float, metric: str, by: str = "job") -> str:
    """The duration that `share` of the last five minutes' observations stayed below."""
    return f"histogram_quantile({share}, sum by ({by}, le) (rate({metric}_bucket{{{JOB}}}[5m])))"


ROWS: Final[dict[str, Sequence[Sequence[Panel]]]] = {
    "Now": [
        [
            Panel(
                title="Services that do not answer",
                queries={f"count(up{{{JOB}}} == 0) or vector(0)": ""},
                stat=True,
                red_from=1,
            ),
            Panel(
                title="Oldest event that waits for Kafka",
                queries={f"max(journey_outbox_age_seconds{{{JOB}}})": ""},
                unit="s",
                stat=True,
                red_from=60,
            ),
            Panel(
                title="Records not yet taken",
                queries={f"sum(journey_consumer_lag{{{JOB}}})": ""},
                stat=True,
                red_from=5000,
            ),
            Panel(
                title="Events parked",
                queries={f"sum(max by (job) (journey_parked{{{JOB}}}))": ""},
                stat=True,
                red_from=1,
            ),
            Panel(
                title="Latest timer",
                queries={f"max(journey_timer_lag_seconds{{{JOB}}})": ""},
                unit="s",
                stat=True,
                red_from=60,
            ),
            Panel(
                title="Requests that fail",
                queries={
                    f'sum(rate(journey_request_seconds_count{{{JOB}, status=~"5.."}}[5m]))'
                    f" / sum(rate(journey_request_seconds_count{{{JOB}}}[5m])) or vector(0)": ""
                },
                unit="percentunit",
                stat=True,
                red_from=0.01,
            ),
        ]
    ],
    "Requests": [
        [
            Panel(
                title="How many, by service",
                queries={f"sum by (job) (rate(journey_request_seconds_count{{{JOB}}}[5m]))": "{{job}}"},
                unit="reqps",
            ),
            Panel(
                title="How many, by status",
                queries={f"sum by (status) (rate(journey_request_seconds_count{{{JOB}}}[5m]))": "{{status}}"},
                unit="reqps",
            ),
            Panel(
                title="How long, for 99 of 100",
                queries={quantile(0.99, "journey_request_seconds"): "{{job}}"},
                unit="s",
            ),
        ],
        [
            Panel(
                title="The ten busiest routes",
                queries={
                    f"topk(10, sum by (job, method, route) (rate(journey_request_seconds_count{{{JOB}}}[5m])))": (
                        "{{job}} {{method}} {{route}}"
                    )
                },
                unit="reqps",
            ),
            Panel(
                title="The ten slowest routes, for half of their requests",
                queries={
                    f"topk(10, {quantile(0.5, 'journey_request_seconds', 'job, method, route')})": (
                        "{{job}} {{method}} {{route}}"
                    )
                },
                unit="s",
            ),
        ],
    ],
    "Delivery": [
        [
            Panel(
                title="Events that wait for Kafka",
                queries={f"max by (job) (journey_outbox_depth{{{JOB}}})": "{{job}}"},
            ),
            Panel(
                title="Age of the oldest of them",
                queries={f"max by (job) (journey_outbox_age_seconds{{{JOB}}})": "{{job}}"},
                unit="s",
            ),
            Panel(
                title="Events sent",
                queries={f"sum by (job) (rate(journey_relayed_total{{{JOB}}}[5m]))": "{{job}}"},
                unit="cps",
            ),
        ],
        [
            Panel(
                title="Records not yet taken",
                queries={f"sum by (job, topic) (journey_consumer_lag{{{JOB}}})": "{{job}} ← {{topic}}"},
            ),
            Panel(
                title="From writing to effect",
                queries={
                    quantile(0.5, "journey_event_age_seconds"): "{{job}}, half",
                    quantile(0.99, "journey_event_age_seconds"): "{{job}}, 99 of 100",
                },
                unit="s",
            ),
            Panel(
                title="Effects, by event",
                queries={f"sum by (job, type) (rate(journey_handled_total{{{JOB}}}[5m]))": "{{job}} ← {{type}}"},
                unit="cps",
            ),
        ],
        [
            Panel(
                title="Dead letters in an hour",
                queries={f"sum by (job) (increase(journey_dead_letters_total{{{JOB}}}[1h]))": "{{job}}"},
            ),
            Panel(
                title="Events parked",
                queries={f"max by (job) (journey_parked{{{JOB}}})": "{{job}}"},
            ),
            Panel(
                title="Partitions taken from",
                queries={f"sum by (job, topic) (journey_consumer_partitions{{{JOB}}})": "{{job}} ← {{topic}}"},
            ),
        ],
    ],
    "What falls due": [
        [
            Panel(
                title="How late, by timer",
                queries={f"max by (job, timer) (journey_timer_lag_seconds{{{JOB}}})": "{{job}} {{timer}}"},
                unit="s",
            ),
            Panel(
                title="How much is done, by timer",
                queries={f"sum by (job, timer) (rate(journey_timers_fired_total{{{JOB}}}[5m]))": "{{job}} {{timer}}"},
                unit="cps",
            ),
        ]
    ],
    "Processes": [
        [
            Panel(
                title="Memory",
                queries={f"process_resident_memory_bytes{{{JOB}}}": "{{job}} {{instance}}"},
                unit="bytes",
            ),
            Panel(
                title="Processor time",
                queries={f"rate(process_cpu_seconds_total{{{JOB}}}[5m])": "{{job}} {{instance}}"},
                unit="percentunit",
            ),
            Panel(
                title="Open files and connections",
                queries={f"process_open_fds{{{JOB}}}": "{{job}} {{instance}}"},
            ),
        ]
    ],
}


def dashboard() -> dict[str, Any]:
    """The document, as Grafana imports it."""
    return {
        "uid": "carejourney",
        "title": "carejourney",
        "description": "Requests, delivery and timers of every service; made from deploy/grafana/dashboard.py",
        "schemaVersion": 39,
        "tags": ["carejourney"],
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                {
                    "name": "job",
                    "label": "Service",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(journey_service_info, job)", "refId": "job"},
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": _panels(),
    }


def _panels() -> list[dict[str, Any]]:
    drawn: list[dict[str, Any]] = []
    y = 0
    for title, lines in ROWS.items():
        drawn.append(
            {"id": len(drawn) + 1, "type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}}
        )
        y += 1
        for line in lines:
            width = WIDTH // len(line)
            drawn += [panel.drawn(len(drawn) + 1 + i, i * width, y, width) for i, panel in enumerate(line)]
            y += STAT_HEIGHT if line[0].stat else GRAPH_HEIGHT
    return drawn


def generated() -> dict[str, str]:
    """Path from the repository's root → what stands in it."""
    return {"deploy/grafana/carejourney.json": json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"}
