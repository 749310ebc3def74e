"""A load client in a process of its own: connections that each keep one booking on its way.

`python -m tests.bench.load` reads an `Errand` as JSON from standard input and prints what it saw. It speaks HTTP/1.1
on plain sockets and reads only status and length, so that the machine's time goes to the service and not to it.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from random import Random
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4

import uvloop

from tests.bench.figures import percentile

CREATED = 201
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "
WARM_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What to ask for. The run ends after so many `requests` or `seconds`; without `requests` it warms up before."""

    port: int
    tokens: Sequence[str]
    connections: int
    seconds: float | None = None
    requests: int | None = None
    sessions: int
    slots: int
    patients: int
    opens: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came back. `last_created_ms` is from the first request to the last place given out."""

    statuses: dict[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    last_created_ms: float
    cpu_seconds: float

    @property
    def answers_per_second(self) -> float:
        """Answers of any kind a second."""
        return sum(self.statuses.values()) / self.seconds

    @property
    def created_per_second(self) -> float:
        """Bookings made a second."""
        return self.statuses.get(str(CREATED), 0) / self.seconds


def run(errand: Errand) -> Seen:
    """Run the client in a process of its own."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(asdict(errand)), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"the load client failed: {made.stderr.strip()[-2000:]}")
    return Seen(**json.loads(made.stdout))


class Crowd:
    """Everybody who calls, and what they have seen."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self.bodies = _bodies(errand)
        self.left = errand.requests
        self.until = float("inf")
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.began = 0.0
        self.last_created = 0.0

    def start(self) -> None:
        """Forget what was seen so far."""
        self.seconds.clear()
        self.statuses.clear()
        self.began = perf_counter()

    def next(self) -> bytes | None:
        """The next body to send, or None when it is over."""
        if self.left == 0 or perf_counter() >= self.until:
            return None
        if self.left is not None:
            self.left -= 1
        return next(self.bodies)

    def saw(self, status: str, seconds: float) -> None:
        """Note an answer."""
        self.seconds.append(seconds)
        self.statuses[status] += 1
        if status == str(CREATED):
            self.last_created = perf_counter()


class Caller(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, crowd: Crowd, token: str) -> None:
        self._crowd = crowd
        self._head = (
            "POST /appointments HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nIdempotency-Key: "
        ).encode()
        self._transport: Any = None
        self._buffer = b""
        self._sent = 0.0
        self.idle = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport

    def go(self) -> None:
        """Send the next request, if there is one."""
        body = self._crowd.next()
        if body is None:
            self.idle.set_result(None)
            return
        key = str(uuid4()).encode()
        self._sent = perf_counter()
        self._transport.write(b"%s%s\r\nContent-Length: %d\r\n\r\n%s" % (self._head, key, len(body), body))

    def data_received(self, received: bytes) -> None:
        """Read the answer to its end, then go on."""
        self._buffer += received
        head = self._buffer.find(END_OF_HEAD)
        if head < 0:
            return
        at = self._buffer.lower().find(LENGTH) + len(LENGTH)
        length = int(self._buffer[at : self._buffer.index(b"\r\n", at)])
        if len(self._buffer) < head + len(END_OF_HEAD) + length:
            return
        self._crowd.saw(self._buffer[9:12].decode(), perf_counter() - self._sent)
        self._buffer = b""
        self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        """A service that hangs up ends the measurement."""
        if not self.idle.done():
            self.idle.set_exception(ConnectionError(f"the service hung up: {exc}"))


async def call(errand: Errand) -> Seen:
    """Do the errand."""
    loop = asyncio.get_running_loop()
    crowd = Crowd(errand)
    callers = []
    for number in range(errand.connections):
        token = errand.tokens[number % len(errand.tokens)]
        _, caller = await loop.create_connection(lambda token=token: Caller(crowd, token), "127.0.0.1", errand.port)
        callers.append(caller)
    warm = WARM_SECONDS if errand.requests is None else 0.0
    crowd.until = perf_counter() + warm + (errand.seconds or float("inf"))
    crowd.start()
    for caller in callers:
        caller.go()
    if warm:
        await asyncio.sleep(warm)
        crowd.start()
    used = process_time()
    await asyncio.gather(*(caller.idle for caller in callers))
    took = perf_counter() - crowd.began
    return Seen(
        statuses=dict(crowd.statuses),
        seconds=took,
        p50_ms=percentile(crowd.seconds, 50) * 1000,
        p99_ms=percentile(crowd.seconds, 99) * 1000,
        last_created_ms=(crowd.last_created - crowd.began) * 1000,
        cpu_seconds=process_time() - used,
    )


def _bodies(errand: Errand) -> Iterator[bytes]:
    """Random patients for random slots."""
    random, opens = Random(11), datetime.fromisoformat(errand.opens)  # noqa: S311 - a reproducible crowd
    starts = [(opens + step * timedelta(minutes=20)).isoformat() for step in range(errand.slots)]
    sessions = [str(UUID(int=number)) for number in range(1, errand.sessions + 1)]
    while True:
        patient = UUID(int=random.randint(1, errand.patients))
        yield (
            f'{{"patient_id":"{patient}","session_id":"{random.choice(sessions)}",'
            f'"slot_starts_at":"{random.choice(starts)}","visit_type":"outpatient","channel":"app"}}'
        ).encode()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(uvloop.run(call(Errand(**json.load(sys.stdin)))))))
