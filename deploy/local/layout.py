"""What the stack consists of, and where it keeps things: the one table of services, and the state directory.

Invariant: every service that `journey up` starts stands in `SERVICES` with its preferred port; everything the stack
writes lies under one directory.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.children import ROOT

STATE = ROOT / ".local"
Urls = Mapping[str, str]


def _nothing(_: Urls) -> dict[str, str]:
    return {}


def _centre(urls: Urls) -> dict[str, str]:
    """The insurance centre is played by the simulator."""
    return {"JOURNEY_CENTRE_URL": urls["simulator"]}


def _register(urls: Urls) -> dict[str, str]:
    """Pages ask registration for patients' names, with the token of who reads them; places have a file of names."""
    names = {"JOURNEY_NAMES_FILE": str(ROOT / "services/simulator/hospital/names.json")}
    return names | ({"JOURNEY_REGISTRATION_URL": urls["registration"]} if "registration" in urls else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry:
    """One service: its name is its module's, its database's and its user's; `extras` makes its own environment."""

    name: str
    preferred_port: int
    extras: Callable[[Urls], dict[str, str]] = _nothing


SERVICES = (
    ServiceEntry(name="registration", preferred_port=8101),
    ServiceEntry(name="beds", preferred_port=8102),
    ServiceEntry(name="discharge", preferred_port=8103, extras=_centre),
    ServiceEntry(name="followup", preferred_port=8104),
    ServiceEntry(name="simulator", preferred_port=8105),
    ServiceEntry(name="console", preferred_port=8100, extras=_register),
)


def service_command(service: ServiceEntry) -> list[str]:
    """The command line that runs a service."""
    return [sys.executable, "-m", f"services.{service.name}", "all"]


def migration_command(addresses: Path) -> list[str]:
    """The command line that migrates the databases whose addresses stand in this file."""
    return [sys.executable, "-m", "deploy.local.migrations", str(addresses)]


@dataclass(frozen=True, slots=True)
class Home:
    """The state directory and what lies where in it."""

    root: Path = STATE

    @property
    def prefix(self) -> str:
        """What every name on an external database server begins with, so that two stacks there never meet."""
        own = "" if self.root == STATE else re.sub(r"[^a-z]+", "_", self.root.name.lower()).strip("_") + "_"
        return f"carejourney_{own}"

    @property
    def record(self) -> Path:
        """What runs now: pids, ports, addresses without passwords."""
        return self.root / "stack.json"

    @property
    def origin(self) -> Path:
        """Which broker and which server the data here belongs to."""
        return self.root / "origin.json"

    @property
    def lock(self) -> Path:
        """Held while a stack is started or stopped."""
        return self.root / "stack.lock"

    @property
    def passwords(self) -> Path:
        """The services' database passwords."""
        return self.root / "passwords.json"

    @property
    def databases(self) -> Path:
        """The services' database addresses, with their passwords."""
        return self.root / "databases.json"

    @property
    def reminders(self) -> Path:
        """Where reminders of visits are written to."""
        return self.root / "reminders.jsonl"

    @property
    def postgres(self) -> Path:
        """The embedded server's directory."""
        return self.root / "postgres"

    @property
    def kafka(self) -> Path:
        """Apache Kafka's directory."""
        return self.root / "kafka"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.root / "log" / f"{name}.log"

    def turn_logs(self) -> None:
        """Put the logs of the last run aside, as NAME.log.1."""
        for log in (self.root / "log").glob("*.log"):
            log.replace(log.with_name(f"{log.name}.1"))
