"""The optimiser as the service sees it: one process of its own that answers one round at a time.

Invariant: an answer belongs to the round it is returned for. The numeric libraries are loaded over there, never here
(they cost the better part of a second and 50 MB), and the event loop never waits for a round. A process that was
killed is replaced and the round asked once more; one that is too slow, or whose caller went away, is ended.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

from services.beds.allocation.frames import LENGTH, packed, unpacked
from services.beds.allocation.model import AT_ONCE, Answer, Effort, Round

PROGRAM = "services.beds.allocation.solver"
ROOT = Path(__file__).resolve().parents[3]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PATIENCE_SECONDS = 30.0
ATTEMPTS = 2
BUFFER_BYTES = 1 << 20


class OptimiserLost(RuntimeError):
    """No answer: the process ended twice on this round, or took too long. Ask again with the next round."""


class Optimiser:
    """Solves rounds in a worker process. Use as `async with Optimiser() as optimiser`, or `close` it yourself."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        """Start the process; it loads its libraries while the service goes on."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave no process behind."""
        await self.close()

    @property
    def pid(self) -> int | None:
        """The worker's process id while one runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def start(self) -> None:
        """Start the process now rather than with the first round. Does nothing while one runs."""
        async with self._turn:
            await self._running()

    async def solve(self, question: Round, effort: Effort = AT_ONCE) -> Answer:
        """The answer to a round; rounds asked at once wait their turn. Raises `OptimiserLost`."""
        frame = packed((question.reduced(), effort))
        async with self._turn:
            for _ in range(ATTEMPTS):
                try:
                    async with asyncio.timeout(self._patience_seconds):
                        return await self._ask(frame)
                except (ConnectionError, asyncio.IncompleteReadError):
                    await self._end()
                except TimeoutError:
                    await self._end()
                    reason = f"no answer within {self._patience_seconds:g} s; ask again with a smaller round"
                    raise OptimiserLost(reason) from None
                except asyncio.CancelledError:
                    await self._end()
                    raise
        raise OptimiserLost(f"the optimiser's process ended {ATTEMPTS} times on this round; its log says why")

    async def close(self) -> None:
        """End the process for good, even in the middle of a round; whoever waits for one gets `OptimiserLost`."""
        self._closed = True
        self._kill()
        async with self._turn:
            await self._end()

    async def _ask(self, frame: bytes) -> Answer:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise ConnectionError("the optimiser has no pipes")
        process.stdin.write(frame)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        answer: Answer = unpacked(await process.stdout.readexactly(length))
        return answer

    async def _running(self) -> Process:
        if self._closed:
            raise OptimiserLost("the optimiser is closed; the service is stopping")
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", PROGRAM), stdin=PIPE, stdout=PIPE, limit=BUFFER_BYTES, env=environment()
            )
        return self._process

    async def _end(self) -> None:
        self._kill()
        process, self._process = self._process, None
        if process is not None:
            await process.wait()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()


def environment() -> dict[str, str]:
    """Ours without the service's settings, which hold its database's password; one thread; the suite on the path."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return inherited | ONE_THREAD | {"PYTHONPATH": path}
