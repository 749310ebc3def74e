"""`journey psql SERVICE`: the database of one service, as that service sees it.

Invariant: the password goes to psql through its environment, never through a command line that others can list.
"""

import subprocess
from typing import Annotated

import typer

from cli.output import DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail
from deploy.local.databases import libpq_environment
from deploy.local.layout import Home
from deploy.local.postgres import PostgresFailed, programs
from deploy.local.stack import Stack, StackFailed


def register(app: typer.Typer) -> None:
    """Put the command on the menu."""
    app.command("psql")(psql)


def psql(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="registration, beds, discharge, …")],
    *,
    command: Annotated[str | None, typer.Option("--command", "-c", metavar="SQL", help="Run this and end.")] = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Open psql on a service's database. With --command and --json the rows of a query come as JSON."""
    if as_json and command is None:
        fail("--json needs a query: add --command 'SELECT …'", WRONG_USE)
    try:
        url = Stack(Home(state)).database_url(service)
        program = programs() / "psql"
    except (StackFailed, PostgresFailed) as failure:
        fail(failure)
    arguments = [str(program), "--no-psqlrc"]
    if command is not None:
        rows = f"SELECT coalesce(json_agg(answer), '[]') FROM ({command.strip().rstrip(';')}) AS answer"  # noqa: S608 - the user's own query on the user's own terminal
        arguments += ["-At", "-c", rows] if as_json else ["-c", command]
    ran = subprocess.run(arguments, check=False, env=libpq_environment(url))  # noqa: S603 - the wheel's psql
    raise typer.Exit(ran.returncode)
