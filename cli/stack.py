"""`journey up | down | reset | status`: the whole suite on this machine."""

import signal
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from cli.output import (
    CHECK_FAILED,
    DEFAULT_STATE,
    WRONG_USE,
    Json,
    StateDirectory,
    fail,
    progress,
    show_json,
    show_table,
)
from deploy.local.broker import check
from deploy.local.layout import Home
from deploy.local.stack import Stack, StackFailed, State
from deploy.local.starting import Wishes

Kafka = Annotated[str, typer.Option(metavar="auto|apache|embedded|HOST:PORT", help="Which broker to use.")]
Postgres = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="JOURNEY_ADMIN_POSTGRES",
        help="Administrator's address of a PostgreSQL server; without it an embedded one is started.",
    ),
]
Clock = Annotated[
    str, typer.Option(metavar="system|FILE", help="Business time: the system's, or a driven clock's file.")
]
LogLevel = Annotated[str, typer.Option(metavar="debug|info|warning|error", help="How much the services log.")]


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("reset")(reset)
    app.command("status")(status)


def up(
    *,
    kafka: Kafka = "auto",
    postgres: Postgres = None,
    clock: Clock = "system",
    log_level: LogLevel = "info",
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Start database, broker and every service, and leave them running."""
    stack = Stack(Home(state.resolve()))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        check(kafka)
    except ValueError as wrong:
        fail(wrong, WRONG_USE)
    try:
        with progress() as say:
            stack.up(Wishes(kafka=kafka, postgres=postgres, clock=clock, log_level=log_level, say=say))
    except StackFailed as failure:
        fail(failure)
    _show(stack, as_json=as_json)


def down(*, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """Stop everything; the data stays."""
    try:
        stopped = Stack(Home(state)).down()
    except StackFailed as failure:
        fail(failure)
    if as_json:
        show_json({"stopped": stopped})
    else:
        typer.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    postgres: Postgres = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Stop everything and delete its data."""
    if not yes and not as_json:
        typer.confirm(f"Delete all data of the stack in {state}?", abort=True)
    try:
        deleted = Stack(Home(state)).reset(postgres)
    except StackFailed as failure:
        fail(failure)
    if as_json:
        show_json({"deleted": deleted})
    else:
        typer.echo("\n".join(f"deleted {what}" for what in deleted))


def status(*, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """What runs, where, and whether it is ready. Exit code 1 when something is missing."""
    stack = Stack(Home(state))
    try:
        states = stack.status()
    except StackFailed as failure:
        fail(failure)
    if not states and not as_json:
        fail("the stack is not up: start it with `journey up`")
    _show(stack, as_json=as_json)
    if not states or not all(map(_well, states)):
        raise typer.Exit(CHECK_FAILED)


def _show(stack: Stack, *, as_json: bool) -> None:
    states, record = stack.status(), stack.record()
    broker = {"kind": record.kafka_kind, "bootstrap": record.kafka, "note": record.kafka_note} if record else None
    if as_json:
        show_json({"broker": broker, "processes": [asdict(state) for state in states]})
        return
    show_table(
        ["", "state", "address", "memory", "pid"],
        [
            [
                state.name,
                _state(state),
                f"{state.url}/docs" if state.url else _server_address(state, record.kafka if record else ""),
                f"{state.memory_mib} MiB" if state.memory_mib else None,
                state.pid,
            ]
            for state in states
        ],
    )
    if record:
        typer.echo(f"broker: {record.kafka_note}")


def _server_address(state: State, kafka: str) -> str:
    return kafka if state.name == "kafka" else "journey psql SERVICE"


def _state(state: State) -> Text:
    if not state.running:
        return Text("gone", style="bold red")
    return Text("ready", style="green") if _well(state) else Text("not ready", style="yellow")


def _well(state: State) -> bool:
    return state.running and state.ready is not False
