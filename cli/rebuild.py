"""`journey rebuild console | SERVICE`: what only events have written is drawn anew from the topics.

Invariant: it is done while the service runs, in one transaction: Ctrl-C leaves everything as it was.
"""

from importlib import import_module
from typing import Annotated

import typer

from cli.output import DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, show_json, show_table
from cli.replay_options import LaneName, lane_of
from cli.replay_running import bar, run_to_end
from cli.topics import Address, broker_address
from deploy.local.layout import Home
from deploy.local.stack import Stack, StackFailed
from shared.broker import LISTENERS
from shared.clock import SystemClock
from shared.database import Database, engine_for
from shared.hosting import Service
from shared.lanes import Lane
from shared.replay import rebuild as drawing
from shared.replay.player import Progress
from shared.replay.states import changed

Check = Annotated[bool, typer.Option("--check", help="Only say what would come of it; nothing is changed.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", envvar="JOURNEY_DATABASE_URL", metavar="URL", help="Not the stack's.")
]


def register(app: typer.Typer) -> None:
    """Put the command on the menu."""
    app.command("rebuild")(rebuild)


def rebuild(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="console, beds, discharge or followup.")],
    *,
    check: Check = False,
    database: DatabaseUrl = None,
    lane: LaneName = None,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Draw the console's pages, or a service's copies of what others own, anew from the topics."""
    if service not in LISTENERS:
        fail(f"no service {service!r}: use one of {', '.join(LISTENERS)}", WRONG_USE)
    try:
        url = database or Stack(Home(state)).database_url(service)
    except StackFailed as failure:
        fail(failure)
    with bar("drawing") as progress:
        rebuilt = run_to_end(_rebuild(service, url, broker_address(kafka, state), lane_of(lane), progress, not check))
    different = changed(rebuilt.before, rebuilt.after)
    if as_json:
        show_json({"records": rebuilt.records, "unreadable": rebuilt.unreadable, "changed": different})
        return
    show_table(
        ["table", "rows before", "after", "hash before", "after"],
        [
            [table, rebuilt.before[table].rows, after.rows, rebuilt.before[table].hash, after.hash]
            for table, after in rebuilt.after.items()
        ],
    )
    verb = "would be drawn" if check else "drawn"
    typer.echo(
        f"{verb} from {rebuilt.records} records; other rows than before in: {', '.join(different) or 'no table'}"
    )


async def _rebuild(name: str, url: str, bootstrap: str, lane: Lane, progress: Progress, keep: bool) -> drawing.Rebuilt:
    service: Service = import_module(f"services.{name}.app").SERVICE
    database = Database(engine_for(url, 1), SystemClock())
    try:
        return await drawing.rebuild(service, database, bootstrap, lane, progress, keep=keep)
    finally:
        await database.close()
