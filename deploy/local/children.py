"""Child processes: started apart from the keyboard, stopped with a deadline, known again by pid and birth.

Invariant: nobody is signalled whom we did not start. A pid counts only together with the instant its process was
born, so that a pid the system has given to a stranger since then is left alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TextIO

import psutil

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.02
KILL_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
STATE_AND_BIRTH = (0, 19)  # fields of /proc/PID/stat, counted from the one after the command's name


class ChildDied(RuntimeError):
    """A process ended that was needed. The message carries the last lines it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The system user a child runs as; None in `Order` means ours."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to start. `tied` names the signal the system sends the child when we die (Linux only); None lets it live."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    directory: Path = ROOT
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    tied: signal.Signals | None = None
    piped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process of ours. `born` is its start in clock ticks since boot (elsewhere than Linux: microseconds)."""

    name: str
    pid: int
    born: int
    stop_signal: signal.Signals = signal.SIGTERM
    log: Path | None = None
    started_here: subprocess.Popen[str] | None = field(default=None, compare=False, repr=False)

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        if self.started_here is not None and self.started_here.poll() is not None:
            return False
        return birth(self.pid) == self.born

    @property
    def exit_code(self) -> int | None:
        """What it ended with (negative: the signal that ended it); None while it runs or when others started it."""
        return self.started_here.poll() if self.started_here is not None else None

    def send(self, what: signal.Signals) -> None:
        """Send a signal, if it is still this process."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; False when it still runs after `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def stop(self, seconds: float) -> bool:
        """Ask it to end; after `seconds` kill it with all its own children. True when it ended by itself."""
        family = _family(self)
        self.send(self.stop_signal)
        ended = self.wait(seconds)
        _kill(family)
        if not ended:
            self.kill()
        self._close_pipes()
        return ended

    def kill(self) -> None:
        """End it and its own children now, as a power cut would, and wait until they are gone."""
        family = _family(self)
        self.send(signal.SIGKILL)
        _kill(family)
        if not self.wait(KILL_SECONDS):
            raise ChildDied(f"{self.name} (pid {self.pid}) survived SIGKILL for {KILL_SECONDS:.0f} s; see ps")
        self._close_pipes()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if self.log is None or not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _close_pipes(self) -> None:
        if self.started_here is not None:
            for pipe in (self.started_here.stdin, self.started_here.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def start(order: Order) -> Child:
    """Start a process in a session of its own, its output appended to its log.

    With `piped` its standard input and output are pipes (text); only standard error goes to the log.
    """
    order.log.parent.mkdir(parents=True, exist_ok=True)
    with order.log.open("a", encoding="utf-8") as log:
        process = _spawner().submit(_spawn, order, log).result()
    return Child(
        name=order.name,
        pid=process.pid,
        born=birth(process.pid) or 0,
        stop_signal=order.stop_signal,
        log=order.log,
        started_here=process,
    )


def stop_all(group: Sequence[Child], seconds: float) -> list[str]:
    """Stop them all at the same time, each with the same deadline; the names of those that had to be killed."""
    if not group:
        return []
    with ThreadPoolExecutor(max_workers=len(group), thread_name_prefix="stop") as pool:
        ended = list(pool.map(lambda child: child.stop(seconds), group))
    return [child.name for child, by_itself in zip(group, ended, strict=True) if not by_itself]


def until(happened: Callable[[], bool], child: Child, seconds: float, what: str, every: float = POLL_SECONDS) -> None:
    """Wait until `happened`; raises `ChildDied` when the child ends first, `TimeoutError` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if not child.alive():
            raise ChildDied(f"{child.name} ended while {what}. Its last lines:\n{child.last_words()}")
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{child.name} is not there after {seconds:.0f} s ({what}); see {child.log}")
        time.sleep(every)


def birth(pid: int) -> int | None:
    """When the process with this pid was born, in the unit of `Child.born`; None for one that is gone or a zombie."""
    if sys.platform == "linux":
        try:
            line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        after_name = line.rpartition(")")[2].split()
        state, born = (after_name[index] for index in STATE_AND_BIRTH)
        return None if state in "ZX" else int(born)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time() * 1_000_000)
    except psutil.NoSuchProcess:
        return None


def _spawn(order: Order, log: TextIO) -> subprocess.Popen[str]:
    account = order.account
    tie = None
    if order.tied and sys.platform == "linux":
        tie = partial(_tie, _libc(), order.tied, os.getpid())
    return subprocess.Popen(  # noqa: S603 - every command is put together by this package
        list(order.command),
        stdin=subprocess.PIPE if order.piped else subprocess.DEVNULL,
        stdout=subprocess.PIPE if order.piped else log,
        stderr=log,
        text=True,
        cwd=order.directory,
        env=dict(order.env) if order.env is not None else None,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
        preexec_fn=tie,  # noqa: PLW1509 - one prctl, nothing that could wait for a lock
    )


@cache
def _spawner() -> ThreadPoolExecutor:
    """The one thread that starts children: the system ties a child to the thread that made it, and this one stays."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="children")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _tie(libc: ctypes.CDLL, death_signal: signal.Signals, parent: int) -> None:
    """Runs in the child before its program: ask for a signal when the parent dies; it may be dead already."""
    libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _family(child: Child) -> list[tuple[int, int | None]]:
    """Pid and birth of the processes below a child, which may have left its session (PostgreSQL's backends do)."""
    if not child.alive():
        return []
    try:
        return [(below.pid, birth(below.pid)) for below in psutil.Process(child.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(family: Sequence[tuple[int, int | None]]) -> None:
    """Kill those that still run and wait until they are gone; who reaps them is not our concern."""
    left = [(pid, born) for pid, born in family if born is not None and birth(pid) == born]
    for pid, _ in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + KILL_SECONDS
    while any(birth(pid) == born for pid, born in left) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
