"""The forecaster's own program: reads one question from standard input, writes the answer, and ends.

Invariant: nothing but the answer goes out on the pipe. It is started for each question, because a hospital asks a few
times an hour and the numeric libraries would lie in memory for nothing in between.
"""

import os
import signal
import sys
from time import monotonic

from services.beds.allocation.frames import LENGTH, packed, unpacked
from services.beds.forecast.model import ForecastQuestion
from services.beds.forecast.occupancy import forecast
from services.beds.forecast.scenario import WhatIfQuestion
from services.beds.forecast.simulation import what_if


def main() -> None:
    """Answer one question. Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (length,) = LENGTH.unpack(sys.stdin.buffer.read(LENGTH.size))
    question = unpacked(sys.stdin.buffer.read(length))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        out.write(packed(answer(question)))


def answer(question: ForecastQuestion | WhatIfQuestion) -> object:
    """The answer to either kind of question."""
    if isinstance(question, ForecastQuestion):
        return forecast(question)
    ends = monotonic() + question.seconds
    return what_if(
        question.copy, question.past, question.changes, question.hours, question.seed, lambda: monotonic() < ends
    )


if __name__ == "__main__":
    main()
