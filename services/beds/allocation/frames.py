"""How a question and its answer travel between the service and its optimiser: a length, then the pickled value.

Invariant: both ends of the pipe are this program, and the pipe has no name, so nothing from outside is unpickled.
"""

import pickle
import struct
from typing import Any

LENGTH = struct.Struct(">Q")


def packed(value: object) -> bytes:
    """A frame, ready to be written."""
    body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpacked(body: bytes) -> Any:  # noqa: ANN401 - what it is, the other end decided
    """What was packed, without its length."""
    return pickle.loads(body)  # noqa: S301 - written by our own process on an unnamed pipe
