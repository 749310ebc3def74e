"""What time it is: business time, which can be driven, and wall time, which cannot.

Business time (a hold, a due date, `ce_time`) comes from a `Clock`: `system`, `FixedClock` in tests, or `DrivenClock`,
which every process of a stack reads from one memory-mapped file that a single `ClockDriver` advances.
Wall time (row ages, tokens, leases, metrics) comes from `wall_now`.

Invariants: every instant is aware and UTC; driven time never goes backwards; a reader sees a whole instant or the one
before, never half of each, without any lock.
"""

import mmap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WIDTH = 8


class Clock(Protocol):
    """Where business time comes from."""

    def now(self) -> datetime:
        """The present instant: aware, UTC."""
        ...


class SystemClock:
    """Business time is wall time."""

    def now(self) -> datetime:
        """The present instant of this machine."""
        return wall_now()


class FixedClock:
    """A clock that stands still until a test moves it, in either direction."""

    def __init__(self, at: datetime) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        """The instant it was last set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Show `at` from now on. Raises `ValueError` when `at` has no time zone."""
        self._at = utc(at)

    def advance(self, delta: timedelta) -> None:
        """Move on by `delta`."""
        self._at += delta


class DrivenClock:
    """The instant that the stack's `ClockDriver` wrote last. Reading costs about a microsecond and takes no lock.

    Raises `ValueError` when the file is missing or is no clock.
    """

    def __init__(self, path: str | Path) -> None:
        self._cell = _mapped(Path(path), writable=False)

    def now(self) -> datetime:
        """The driven instant, to the microsecond."""
        return EPOCH + timedelta(microseconds=self._cell[0])


class ClockDriver:
    """The one writer of driven time. Makes the file when there is none, otherwise goes on from where it stands.

    A new clock shows 1900-01-01 until the first `advance_to`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.exists():
            _create(self._path)
        self._cell = _mapped(self._path, writable=True)

    def now(self) -> datetime:
        """The instant that readers see."""
        return EPOCH + timedelta(microseconds=self._cell[0])

    def advance_to(self, at: datetime) -> None:
        """Show `at` to every reader; the present instant again is allowed.

        Raises `ValueError` when `at` has no time zone, lies before the present one or outside 1900-2200.
        """
        at = utc(at)
        if not EARLIEST <= at < LATEST:
            raise ValueError(f"{at.isoformat()} is outside 1900-2200: drive the clock within these years")
        if at < self.now():
            raise ValueError(f"{at.isoformat()} lies before {self.now().isoformat()}: a driven clock never goes back")
        self._cell[0] = (at - EPOCH) // MICROSECOND


def clock_from(spec: str) -> Clock:
    """The clock that a setting names: `system`, or the path of a driven clock's file.

    Raises `ValueError` when the file is missing or is no clock.
    """
    return SystemClock() if spec == "system" else DrivenClock(spec)


def wall_now() -> datetime:
    """The machine's own time, UTC: for ages of rows, tokens, leases and metrics, never for a business rule."""
    return datetime.now(UTC)


def utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises `ValueError` when it has no time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: give an aware datetime")
    return at.astimezone(UTC)


def _create(path: Path) -> None:
    """Put the file in place with its first value inside, so that no reader ever finds an empty one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = memoryview(bytearray(WIDTH)).cast("q")
    cell[0] = (EARLIEST - EPOCH) // MICROSECOND
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        draft.write(cell.tobytes())
    Path(draft.name).replace(path)


def _mapped(path: Path, *, writable: bool) -> "memoryview[int]":
    """The file as one signed 64-bit cell.

    A native item of a cast memoryview is copied as one aligned 8-byte word, which processors load and store whole;
    `struct` with an explicit byte order would go byte by byte and could be torn.
    """
    if not path.is_file() or path.stat().st_size != WIDTH:
        raise ValueError(
            f"{path} is no clock file of {WIDTH} bytes: start its driver first, or set the clock to system"
        )
    with path.open("r+b" if writable else "rb") as file:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        return memoryview(mmap.mmap(file.fileno(), WIDTH, access=access)).cast("q")
