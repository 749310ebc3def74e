"""The picture of a run: how far each row is from its target, and how costs grow."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.figures import TARGET

MET, MISSED = "#2b7a5d", "#c2562f"
SEED = "carejourney"


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG; equal documents give equal files."""
    judged = [row for row in document["rows"] if row["met"] is not None]
    curves = growth(document)
    with mpl.rc_context({"svg.hashsalt": SEED, "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(11, 2.5 + 0.19 * len(judged)), layout="constrained")
        bars, lines = figure.subplots(1, 2, width_ratios=(3, 2))
        bars.barh(
            [row["id"] for row in judged],
            [headroom(row) for row in judged],
            color=[MET if row["met"] else MISSED for row in judged],
        )
        bars.axvline(1, color="black", linewidth=0.8)
        bars.set_xscale("log")
        bars.invert_yaxis()
        bars.set_xlabel("times better than the target (left of 1: missed)")
        for name, points in curves.items():
            smallest = points[0][1]
            lines.plot(*zip(*[(size, cost / smallest) for size, cost in points], strict=True), marker="o", label=name)
        if curves:
            lines.set_xscale("log")
            lines.set_yscale("log")
            lines.legend()
        lines.set_xlabel("size")
        lines.set_ylabel("cost ÷ cost at the smallest size")
        figure.savefig(path, format="svg", metadata={"Date": None})


def headroom(row: Mapping[str, Any]) -> float:
    """How many times better than its target a row is; 1 = exactly met."""
    judged, sign, limit = TARGET.fullmatch(row["target"]).groups()
    value = max(row[judged], 1e-3)
    return value / float(limit) if sign == ">=" else float(limit) / value


def growth(document: Mapping[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """Family → sizes and their costs."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in document["rows"]:
        name, _, size = row["id"].rpartition(".")
        if row["id"].startswith("G") and size.isdigit():
            curves[name].append((int(size), row["value"]))
    return dict(curves)
