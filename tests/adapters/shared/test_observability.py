"""Dashboard and alerts ask for what the services show, and for nothing else."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.dashboard import dashboard
from shared.telemetry import Telemetry

RULES = Path(__file__).resolve().parents[3] / "deploy/alerts/carejourney.rules.yml"
SERVICES = ("registration", "beds", "discharge", "followup", "console")
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",), "info": ("_info",)}
FROM_PROMETHEUS = {"job", "instance", "le"}
OF_ONE = {
    "journey_bed_wait_ratio": "beds",
    "journey_emergency_limits_total": "beds",
    "journey_material_reads_total": "registration",
    "journey_quarantine_age_seconds": "registration",
    "journey_reminder_attempts_total": "registration",
}
"""What one service alone shows; everything else that is asked for, every service does."""
OF_SOME = {"urgency", "room", "alert", "result", "purpose"}
LABELS = {
    label for metric in vars(Telemetry("x")).values() if hasattr(metric, "_labelnames") for label in metric._labelnames
}


def queries():
    """Every PromQL expression of the rules, the panels and the variables."""
    rules = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    return [*rules, *panels, dashboard()["templating"]["list"][1]["query"]["query"]]


def asked_for(pattern):
    """What the pattern finds in all queries."""
    return {found for query in queries() for found in re.findall(pattern, query)}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_shows_what_dashboard_and_alerts_ask_for(name, run_service):
    extras = {"centre_url": "http://127.0.0.1:1"} if name == "discharge" else {}
    async with run_service(import_module(f"services.{name}.app").SERVICE, **extras) as service:
        text = (await service.client.get("/metrics")).text
    families = text_string_to_metric_families(text)
    shown = {family.name + suffix for family in families for suffix in SUFFIXES.get(family.type, ("",))}
    asked = {metric for metric in asked_for(r"\b(?:journey|process)_[a-z_]+") if OF_ONE.get(metric, name) == name}
    assert len(asked) > 10
    assert asked - shown == set()


def test_queries_group_and_choose_by_labels_that_exist():
    groups = {label.strip() for labels in asked_for(r"by \(([^)]*)\)") for label in labels.split(",")}
    chosen = asked_for(r"[{ ,]([a-z_]+)(?:=~|!~|!=|=)\"")
    assert groups | chosen <= LABELS | OF_SOME | FROM_PROMETHEUS


async def test_the_timers_that_alerts_name_are_there(run_service):
    named = {name for names in asked_for(r'timer[=!~]+"([^"]+)"') for name in names.split("|")}
    timers = set()
    for name in ("registration", "followup"):
        async with run_service(import_module(f"services.{name}.app").SERVICE) as service:
            timers |= {timer.name for timer in service.host.timers}
    assert named == {"holds", "followup-due"}
    assert named <= timers


async def test_the_routes_that_are_left_out_as_streams_are_all_of_the_consoles(run_service):
    async with run_service(import_module("services.console.app").SERVICE) as service:
        paths = service.host.app.openapi()["paths"]
    streams = {path for path, methods in paths.items() if "text/event-stream" in str(methods)}
    assert {one for routes in asked_for(r'route!~"([^"]+)"') for one in routes.split("|")} == streams
