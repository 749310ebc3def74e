"""The optimiser's own program: reads rounds from its standard input, writes answers, ends when its parent is gone.

Invariant: nothing but answers goes out on the pipe; whatever else is printed goes to standard error. When the parent
dies, however it dies, the pipe closes, and that is the end of this process.
"""

import gc
import os
import signal
import sys
from typing import BinaryIO

from services.beds.allocation.frames import LENGTH, packed, unpacked
from services.beds.allocation.optimise import solve


def main() -> None:
    """Answer until the pipe closes. Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # walking the numeric libraries' objects again and again would double every fiftieth round
    questions = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        while question := next_frame(questions):
            try:
                answers.write(packed(solve(*unpacked(question))))
                answers.flush()
            except BrokenPipeError:
                os._exit(0)


def next_frame(questions: BinaryIO) -> bytes:
    """The next question, or nothing when there will be no more."""
    head = questions.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (length,) = LENGTH.unpack(head)
    body = questions.read(length)
    return body if len(body) == length else b""


if __name__ == "__main__":
    main()
