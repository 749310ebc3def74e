"""The dashboard is one that Grafana can draw and Prometheus can answer."""

import json
from itertools import combinations

import yaml

from deploy.grafana.dashboard import WIDTH, dashboard

PANELS = dashboard()["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]


def cells(panel):
    """The squares of the grid that a panel covers."""
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def test_panels_have_numbers_of_their_own_and_do_not_cover_each_other():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= WIDTH for panel in PANELS)
    assert not [(a["title"], b["title"]) for a, b in combinations(PANELS, 2) if cells(a) & cells(b)]


def test_every_query_is_one_that_prometheus_understands(promtool, tmp_path):
    rules = [{"record": f"dashboard:{number}", "expr": expr} for number, expr in enumerate(QUERIES)]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    well, said = promtool.says("check", "rules", "--lint=none", file)
    assert well, said
    file.write_text(json.dumps({"groups": [{"name": "x", "rules": [{"record": "x", "expr": QUERIES[0] + ")"}]}]}))
    assert not promtool.says("check", "rules", file)[0]
