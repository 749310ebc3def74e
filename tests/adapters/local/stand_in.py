"""A program that behaves as a service's command line does (`migrate`, `all`), to test the stack itself."""

import asyncio
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import asyncpg


class Health(BaseHTTPRequestHandler):
    """Answers /health/ready, and the environment it was given on /environment."""

    def do_GET(self):
        body = json.dumps({name: value for name, value in os.environ.items() if name.startswith("JOURNEY_")})
        self.send_response(200 if self.path in {"/health/ready", "/environment"} else 404)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format, *args):  # noqa: A002 - the standard library's name
        pass


async def migrate():
    connection = await asyncpg.connect(os.environ["JOURNEY_DATABASE_URL"])
    await connection.execute("CREATE TABLE IF NOT EXISTS bed (bed_id text)")
    await connection.execute("INSERT INTO bed VALUES ('N3-12-2')")
    await connection.close()


def main(name, verb):
    if name == "broken":
        sys.exit("the schema is newer than the code")
    if verb == "migrate":
        asyncio.run(migrate())
    else:
        address = os.environ["JOURNEY_HTTP_HOST"], int(os.environ["JOURNEY_HTTP_PORT"])
        ThreadingHTTPServer(address, Health).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
