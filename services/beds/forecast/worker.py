"""The forecaster as the service sees it: a process for each question, one at a time.

Invariant: the event loop never waits for a computation, and a process never outlives its question: one that is too
slow, or whose caller went away, is ended.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any

from services.beds.allocation.frames import LENGTH, packed, unpacked
from services.beds.allocation.worker import environment
from services.beds.forecast.model import ForecastLine, ForecastQuestion
from services.beds.forecast.scenario import WhatIf, WhatIfQuestion

PROGRAM = "services.beds.forecast.program"
PATIENCE_SECONDS = 60.0


class ForecasterLost(RuntimeError):
    """No answer: the process ended without one, or took too long."""


class Forecaster:
    """Computes forecasts and what-ifs elsewhere; questions asked at once wait their turn."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._turn = asyncio.Lock()

    async def forecast(self, question: ForecastQuestion) -> tuple[ForecastLine, ...]:
        """The lines of a forecast. Raises `ForecasterLost`."""
        lines: tuple[ForecastLine, ...] = await self._ask(question)
        return lines

    async def what_if(self, question: WhatIfQuestion) -> WhatIf:
        """What a change would do. Raises `ForecasterLost`."""
        found: WhatIf = await self._ask(question)
        return found

    async def _ask(self, question: object) -> Any:  # noqa: ANN401 - as the question is
        try:
            async with asyncio.timeout(self._patience_seconds), self._turn:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", PROGRAM), stdin=PIPE, stdout=PIPE, env=environment()
                )
                try:
                    written, _ = await process.communicate(packed(question))
                finally:
                    await _ended(process)
        except TimeoutError:
            raise ForecasterLost(f"no answer within {self._patience_seconds:g} s; ask for fewer hours") from None
        if len(written) <= LENGTH.size:
            raise ForecasterLost("the forecaster's process ended without an answer; its log says why")
        return unpacked(written[LENGTH.size :])


async def _ended(process: Process) -> None:
    with suppress(ProcessLookupError):
        if process.returncode is None:
            process.kill()
    await process.wait()
