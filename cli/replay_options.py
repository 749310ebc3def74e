"""The options of `journey replay`, and what their texts mean.

Invariant: a text that means nothing ends the command with exit code 2, naming the option and what to write instead.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.output import WRONG_USE, fail
from shared.broker import TOPICS
from shared.lanes import PATTERN, REMEDY, Lane
from shared.replay.selection import OffsetRange

EVENT_TOPICS = tuple(topic.name for topic in TOPICS if not topic.name.endswith("-dead-letters"))
OFFSETS = re.compile(r"([a-z0-9-]+)/(\d+)=(\d+)\.\.(\d+)")
RANGE = "TOPIC/PARTITION=FIRST..LAST"

File = Annotated[Path, typer.Argument(metavar="FILE")]
LaneName = Annotated[str | None, typer.Option("--lane", metavar="NAME", help="The lane's topics, lane-NAME-….")]
Topics = Annotated[list[str] | None, typer.Option("--topic", metavar="TOPIC", help="Only this one; repeatable.")]
Speed = Annotated[str, typer.Option("--speed", metavar="1x|10x|max|step", help="How fast.")]
MaxGap = Annotated[float | None, typer.Option("--max-gap", min=0, metavar="SECONDS", help="Wait no longer than this.")]
ShiftTo = Annotated[str | None, typer.Option("--shift-to", metavar="now|TIME", help="When the first one happens.")]
YesProduction = Annotated[bool, typer.Option("--yes-production", help="Also where real patients are.")]
NewIds = Annotated[bool, typer.Option("--new-ids/--keep-ids", help="As new events, or as the same again.")]
Types = Annotated[list[str] | None, typer.Option("--type", metavar="TYPE", help="May have a *; repeatable.")]
Keys = Annotated[list[str] | None, typer.Option("--key", metavar="KEY", help="Repeatable.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Records from this time on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Records before this time.")]
Offsets = Annotated[list[str] | None, typer.Option("--offsets", metavar=RANGE, help="Repeatable.")]
Patients = Annotated[
    list[str] | None,
    typer.Option("--closure", metavar="PATIENT", help="All that is connected to a patient; repeatable."),
]
Mask = Annotated[bool, typer.Option("--mask", help="Other ids, the same for the same.")]
AsItIs = Annotated[bool, typer.Option("--as-it-is", help="Do not check that events fit their types.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and end.")]
RunName = Annotated[str | None, typer.Option("--run", metavar="NAME", help="Go on with this run, or name a new one.")]


def lane_of(name: str | None) -> Lane:
    """The lane of that name."""
    if name is not None and not re.match(PATTERN, name):
        fail(f"--lane {name}: {REMEDY}", WRONG_USE)
    return Lane(name)


def run_name(name: str) -> str:
    """A name that can be a file's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,40}", name):
        fail(f"--run {name}: give letters, digits and -, at most 41", WRONG_USE)
    return name


def factor_of(text: str) -> float | None:
    """How many times as fast as recorded; None where nothing is waited for."""
    if text in ("max", "step"):
        return None
    factor = re.fullmatch(r"(\d+(?:\.\d+)?)x", text)
    if factor is None or float(factor[1]) == 0:
        fail(f"--speed {text}: give 1x, 10x, 0.5x, max or step", WRONG_USE)
    return float(factor[1])


def instant(text: str | None, option: str) -> datetime | None:
    """The time in a text; without a zone it is UTC."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text}: give a time such as 2026-03-02T08:00:00+08:00", WRONG_USE)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def offset_range(text: str) -> OffsetRange:
    """Offsets of one partition."""
    found = OFFSETS.fullmatch(text)
    if found is None:
        fail(f"--offsets {text}: give {RANGE}, such as beds-events/3=0..99", WRONG_USE)
    return OffsetRange(found[1], int(found[2]), int(found[3]), int(found[4]))
