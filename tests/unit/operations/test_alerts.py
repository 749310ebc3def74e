"""Alerts fire when they must and keep quiet when they must, and each has its page for whoever is woken by it."""

import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ALERTS = ROOT / "deploy/alerts"
RULES = ALERTS / "carejourney.rules.yml"
TESTS = ALERTS / "carejourney.test.yml"
ALERT = {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def test_every_alert_fires_and_keeps_quiet_as_its_test_says(promtool):
    well, said = promtool.says("test", "rules", TESTS)
    assert well, said


@pytest.mark.parametrize("name", ALERT)
def test_an_alert_that_no_longer_fires_is_found(name, promtool, tmp_path):
    shutil.copy(TESTS, tmp_path)
    rules = yaml.safe_load(RULES.read_text())
    for rule in rules["groups"][0]["rules"]:
        if rule["alert"] == name:
            rule["expr"] += " and on() vector(1) > 1"
    (tmp_path / RULES.name).write_text(yaml.safe_dump(rules))
    well, said = promtool.says("test", "rules", tmp_path / TESTS.name)
    assert not well
    assert name in said


@pytest.mark.parametrize("document", ["docs/operations.md", "docs/operations.zh-CN.md"])
def test_every_alert_says_how_urgent_it_is_and_where_to_read_on(document):
    headings = {
        line.removeprefix("### ") for line in (ROOT / document).read_text().splitlines() if line.startswith("### ")
    }
    for name, rule in ALERT.items():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
        assert name in headings, f"{document} has no section {name}"
