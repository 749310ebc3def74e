"""Single keys from a terminal while something runs: without a terminal there are none, and nothing changes.

Invariant: the terminal is as it was before, however the block ends.
"""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def listening(actions: Mapping[str, Callable[[], None]]) -> Iterator[bool]:
    """Call the action of each key that is pressed, in the running event loop. Gives whether there is a terminal."""
    if not sys.stdin.isatty():
        yield False
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for key in os.read(terminal, 64).decode(errors="replace"):
            if action := actions.get(key):
                action()

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield True
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
