"""`journey dead-letters ls | redrive | drop`: what a service could not take, and what to do about it.

Invariant: it asks the running service, which keeps the order of each aggregate; nothing here touches a database.
"""

from typing import Annotated, Any

import httpx
import typer

from cli.output import DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, show_json, show_table
from deploy.local.issuer import Issuer, NoIssuer
from deploy.local.layout import Home
from deploy.local.stack import Stack, StackFailed
from shared.auth import Role
from shared.broker import LISTENERS

SECONDS = 30.0
COLUMNS = ("id", "topic", "partition", "offset", "aggregate", "type", "reason", "parked_at")

ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(LISTENERS)}.")]
ParkedId = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `ls` shows it; all behind it go along.")]


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    letters = typer.Typer(help="What a service could not take.", no_args_is_help=True)
    letters.command("ls")(ls)
    letters.command("redrive")(redrive)
    letters.command("drop")(drop)
    app.add_typer(letters, name="dead-letters")


def ls(service: ServiceName, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """The parked events of a service, oldest first; never what is in them."""
    parked = _ask("GET", service, "", state)
    if as_json:
        show_json(parked)
    else:
        show_table(COLUMNS, [[one[name] for name in COLUMNS] for one in parked])


def redrive(
    service: ServiceName, parked_id: ParkedId, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False
) -> None:
    """Take a parked event, and all that queue behind it, in order; when one fails again all stay parked."""
    _said("taken", _ask("POST", service, f"/{parked_id}/redrive", state), as_json=as_json)


def drop(
    service: ServiceName, parked_id: ParkedId, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False
) -> None:
    """Let a parked event, and all that queue behind it, go without effect."""
    _said("dropped", _ask("DELETE", service, f"/{parked_id}", state), as_json=as_json)


def _said(what: str, outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(outcome)
    else:
        typer.echo(f"{what}: {outcome['events']}")


def _ask(method: str, service: str, path: str, state: StateDirectory) -> Any:  # noqa: ANN401 - any JSON
    if service not in LISTENERS:
        fail(f"no service {service!r}: use one of {', '.join(LISTENERS)}", WRONG_USE)
    try:
        record = Stack(Home(state)).record()
        token = Issuer(state).token(Role.OPERATOR, "journey")
    except (StackFailed, NoIssuer) as failure:
        fail(failure)
    if record is None:
        fail("nothing runs here: start the stack with `journey up`")
    url = f"{record.urls[service]}/dead-letters{path}"
    try:
        answer = httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
    except httpx.HTTPError:
        fail(f"{service} does not answer: see `journey status`")
    if answer.is_error:
        problem = answer.json()
        fail(f"{service}: {problem['title']} ({problem.get('detail') or problem['code']}); {problem['remedy']}")
    return answer.json()
