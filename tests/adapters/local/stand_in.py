"""Stands in for the services (`run NAME`) and their migrations (`migrate FILE`), to test the stack itself."""

import asyncio
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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


async def migrate(url):
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS bed (bed_id text)")
    await connection.execute("INSERT INTO bed VALUES ('N3-12-2')")
    await connection.close()


def main(verb, what):
    if verb == "migrate":
        addresses = json.loads(Path(what).read_text(encoding="utf-8"))
        if "broken" in addresses:
            sys.exit("the schema is newer than the code")
        for url in addresses.values():
            asyncio.run(migrate(url))
    elif what == "forgetful":
        sys.exit("1 setting wrong or missing")
    else:
        address = os.environ["JOURNEY_HTTP_HOST"], int(os.environ["JOURNEY_HTTP_PORT"])
        ThreadingHTTPServer(address, Health).serve_forever()


def command(service):
    return [sys.executable, __file__, "run", service.name]


def migration(addresses):
    return [sys.executable, __file__, "migrate", str(addresses)]


if __name__ == "__main__":
    main(*sys.argv[1:])
