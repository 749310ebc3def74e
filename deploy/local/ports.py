"""TCP ports on the loopback.

Invariant: a port we choose lies below the range the system takes for outgoing connections, so that while its server
is down nobody else gets it by accident and no client connects to itself.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
TRIES = 200


class NoPort(RuntimeError):
    """No port is free in the range."""


def free_port(preferred: int | None = None, taken: frozenset[int] = frozenset()) -> int:
    """A port nobody listens on and not in `taken`: the preferred one if it can be had."""
    candidates = [preferred] if preferred else []
    candidates += random.SystemRandom().sample(range(LOWEST, HIGHEST), TRIES)
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise NoPort(f"no free port between {LOWEST} and {HIGHEST} on {LOOPBACK}: stop something that listens there")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
