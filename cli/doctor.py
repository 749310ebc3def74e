"""`journey doctor`: what this machine has, what is missing, and how to get it.

Invariant: it only looks. A missing thing is a fault only where the suite cannot run without it.
"""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.text import Text

from cli.output import CHECK_FAILED, DEFAULT_STATE, Json, StateDirectory, show_json, show_table
from deploy.local import jars
from deploy.local.layout import SERVICES, Home
from deploy.local.ports import is_free
from deploy.local.postgres import PostgresFailed, programs
from deploy.local.record import Record
from deploy.local.starting import KAFKA_PORT

OLDEST_PYTHON = (3, 11)
GIBIBYTE = 1024**3
NEEDED_GIBIBYTES = 2
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ASK_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked for. `needed` says whether the suite cannot run without it."""

    what: str
    found: str | None
    needed: bool = False
    remedy: str = ""

    @property
    def advice(self) -> str | None:
        """How to get it, when it is missing."""
        return self.remedy if self.found is None else None

    @property
    def fault(self) -> bool:
        """Whether the suite cannot run because of it."""
        return self.needed and self.found is None


def register(app: typer.Typer) -> None:
    """Put the command on the menu."""
    app.command("doctor")(doctor)


def doctor(*, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """What is found, what is missing and how to get it. Exit code 1 when something needed is missing."""
    findings = examine(Home(state))
    if as_json:
        show_json([asdict(finding) | {"remedy": finding.advice} for finding in findings])
    else:
        show_table(
            ["", "", "found", "how to get it"],
            [[_mark(each), each.what, each.found, each.advice] for each in findings],
        )
    if any(finding.fault for finding in findings):
        raise typer.Exit(CHECK_FAILED)


def examine(home: Home) -> list[Finding]:
    """Look at this machine."""
    return [
        _python(),
        _postgres(),
        _java(),
        _maven(),
        _kafka_jars(),
        _browser(),
        _chinese_font(),
        _ports(home),
        _disk(home.root),
    ]


def _python() -> Finding:
    new_enough = sys.version_info >= OLDEST_PYTHON
    found = f"{platform.python_version()} at {sys.executable}" if new_enough else None
    return Finding(
        what="Python 3.11+", found=found, needed=True, remedy="install Python 3.11 or newer, then `make install`"
    )


def _postgres() -> Finding:
    remedy = "run `make install`, or use a server of your own: --postgres URL"
    try:
        found = _says([str(programs() / "postgres"), "--version"])
    except PostgresFailed:
        found = None
    return Finding(what="PostgreSQL (embedded)", found=found, needed=True, remedy=remedy)


def _java() -> Finding:
    try:
        java = jars.find_java()
    except jars.Lacking as lacking:
        return Finding(what="Java 17+", found=None, remedy=f"{lacking.remedy}; without it the embedded broker is used")
    return Finding(what="Java 17+", found=f"{java.version} at {java.program}")


def _maven() -> Finding:
    remedy = f"{jars.HOW_TO_GET_MAVEN}; needed once, to bring Kafka's jars"
    try:
        return Finding(what="Maven", found=str(jars.find_maven()))
    except jars.Lacking:
        return Finding(what="Maven", found=None, remedy=remedy)


def _kafka_jars() -> Finding:
    what = f"Apache Kafka {jars.kafka_version()}"
    here = jars.cached_jars()
    return Finding(
        what=what, found=str(here) if here else None, remedy="Maven brings it at the first `journey up` (43 MB)"
    )


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    remedy = "Debian: apt-get install chromium; only the tests of the pages need it"
    return Finding(what="Chromium", found=found, remedy=remedy)


def _chinese_font() -> Finding:
    program = shutil.which("fc-list")
    fonts = _says([program, ":lang=zh", "family"]) if program else None
    remedy = "Debian: apt-get install fonts-noto-cjk; only for a browser on this machine"
    return Finding(what="Chinese font", found=fonts, remedy=remedy)


def _ports(home: Home) -> Finding:
    try:
        record = Record.read(home.record)
    except ValueError:
        record = None
    if record is not None and record.running():
        return Finding(what="ports", found="in use by the running stack")
    wanted = {service.name: service.preferred_port for service in SERVICES} | {"kafka": KAFKA_PORT}
    taken = [f"{name} {port}" for name, port in wanted.items() if not is_free(port)]
    remedy = f"taken: {', '.join(taken)}; others are chosen, see `journey status`"
    return Finding(what="ports", found=None if taken else "the preferred ones are free", remedy=remedy)


def _disk(directory: Path) -> Finding:
    there = next(parent for parent in (directory, *directory.parents) if parent.exists())
    free = shutil.disk_usage(there).free / GIBIBYTE
    enough = free >= NEEDED_GIBIBYTES and os.access(there, os.W_OK)
    remedy = f"{free:.1f} GiB free at {there}: make {NEEDED_GIBIBYTES} GiB free and writable, or give --state DIR"
    return Finding(what="disk", found=f"{free:.0f} GiB free" if enough else None, needed=True, remedy=remedy)


def _says(command: list[str]) -> str | None:
    """The first line a program prints, or None."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ASK_SECONDS)  # noqa: S603 - fixed
    except (OSError, subprocess.SubprocessError):
        return None
    lines = ran.stdout.strip().splitlines()
    return lines[0] if lines else None


def _mark(finding: Finding) -> Text:
    if finding.found is not None:
        return Text("✓", style="green")
    return Text("✗", style="bold red") if finding.needed else Text("-", style="yellow")
