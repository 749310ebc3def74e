"""TCP ports on the loopback.

Invariants: a port we choose lies below the range the system takes for outgoing connections, so that while its server
is down nobody else gets it by accident and no client connects to itself. Of two stacks that start at the same moment
no two choose one port: a chosen port stays reserved until its server has had the time to listen.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
TRIES = 200


class NoPort(RuntimeError):
    """No port is free in the range."""


class Ports:
    """The ports chosen for one start, reserved until `release`.

    A reservation is a name in Linux' abstract socket namespace: one holder a machine, and gone with its process.
    """

    def __init__(self) -> None:
        self._reserved: list[socket.socket] = []

    def choose(self, preferred: int | None = None) -> int:
        """A port that nobody listens on or has reserved: the preferred one if it can be had. Raises `NoPort`."""
        candidates = [preferred] if preferred else []
        candidates += random.SystemRandom().sample(range(LOWEST, HIGHEST), TRIES)
        for port in candidates:
            if self._reserve(port):
                return port
        raise NoPort(f"no free port between {LOWEST} and {HIGHEST} on {LOOPBACK}: stop something that listens there")

    def release(self) -> None:
        """Give the reservations back: the servers listen, or never will."""
        while self._reserved:
            self._reserved.pop().close()

    def _reserve(self, port: int) -> bool:
        """Whether the port is ours now; looking whether it is free comes second, or two would find it so."""
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0carejourney-port-{port}")
        except OSError:
            reservation.close()
            return False
        if not is_free(port):
            reservation.close()
            return False
        self._reserved.append(reservation)
        return True


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
