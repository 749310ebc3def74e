"""`python -m shared.healthcheck`: 0 when the service of this container is ready, else 1. An image has no other client.

Invariant: it imports nothing but the standard library, so that asking every ten seconds costs next to nothing.
"""

import os
import sys
from http.client import HTTPConnection

SECONDS = 4.0
OK = 200


def main() -> int:
    """Ask the service at `JOURNEY_HTTP_PORT` on this machine."""
    connection = HTTPConnection("127.0.0.1", int(os.environ["JOURNEY_HTTP_PORT"]), timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return 0 if connection.getresponse().status == OK else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
