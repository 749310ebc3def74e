"""The garbage collector, set for a process that loads once and then takes batch after batch."""

import gc
from typing import Final

YOUNG_OBJECTS: Final = 10_000
"""A batch of 500 events makes about 7,000 objects, which are gone with it, none by the collector. At the interpreter's
700 it looked ten times a batch: a sixth of what the consumer's Python cost."""


def settle() -> None:
    """Call once all is loaded: what is there stays until the end, and the collector never walks it again."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
