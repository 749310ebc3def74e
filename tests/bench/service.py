"""Processes under measurement: a service of the suite, or the reference service, as uvicorn runs them.

Invariant: a process that was started here has ended when its `with` block has.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import psutil

from deploy.local.children import Child, Order, start, until
from deploy.local.issuer import Issuer
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.starting import ready
from tests.bench.harness import Bench

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
ASK_EVERY_SECONDS = 0.02
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process that answers."""

    child: Child
    port: int
    ready_seconds: float

    @property
    def memory_mib(self) -> float:
        """Resident memory of the process itself."""
        return float(psutil.Process(self.child.pid).memory_info().rss / MEBIBYTE)


@contextmanager
def service(
    bench: Bench, name: str, url: str, *, part: str = "all", kafka: str = "127.0.0.1:1", **extra: str
) -> Iterator[Running]:
    """A service of the suite on a migrated database, ready; `extra` are settings in lower case."""
    issuer = issuer_of(bench)
    told = {
        "database_url": url,
        "kafka": kafka,
        "http_host": LOOPBACK,
        "jwks": str(issuer.jwks),
        "viewer_token_file": str(issuer.viewer_token),
        "log_level": "error",
        "parent_pid": str(os.getpid()),
        **extra,
    }
    settings = {f"JOURNEY_{setting.upper()}": value for setting, value in told.items()}
    with process(bench, name, ["-m", f"services.{name}", part], settings, port_variable="JOURNEY_HTTP_PORT") as running:
        yield running


@contextmanager
def process(
    bench: Bench, name: str, command: Sequence[str], settings: Mapping[str, str], *, port_variable: str
) -> Iterator[Running]:
    """A Python program that serves HTTP at the port it is told and answers `/health/ready`."""
    ports = Ports()
    port = ports.choose()
    ports.release()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("JOURNEY_")}
    began = perf_counter()
    child = start(
        Order(
            name=name,
            command=[sys.executable, *command],
            log=bench.directory / f"{name}.log",
            env={**inherited, **settings, port_variable: str(port)},
            tied=signal.SIGKILL,
        )
    )
    try:
        until(lambda: ready(f"http://{LOOPBACK}:{port}"), child, READY_SECONDS, "getting ready", ASK_EVERY_SECONDS)
        yield Running(child=child, port=port, ready_seconds=perf_counter() - began)
    finally:
        child.stop(STOP_SECONDS)


def issuer_of(bench: Bench) -> Issuer:
    """The bench's token issuer."""
    issuer = Issuer(bench.directory)
    issuer.prepare()
    return issuer


def tokens(bench: Bench, role: str, count: int) -> list[str]:
    """Bearer tokens of so many different callers."""
    issuer = issuer_of(bench)
    return [issuer.token(role, f"caller-{number}") for number in range(count)]
