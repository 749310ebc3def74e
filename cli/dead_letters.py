"""`journey dead-letters ls | show | redrive | drop | log`: what a service could not take, and what to do about it.

Invariant: it asks the running service, which keeps the order of each aggregate and takes nothing twice; nothing here
touches a database. A group is gone through from its oldest event on, no faster than the rate allows.
"""

import getpass
import re
import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import typer

from cli.output import CHECK_FAILED, DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, show_json, show_table
from deploy.local.issuer import Issuer, NoIssuer
from deploy.local.layout import Home
from deploy.local.stack import Stack, StackFailed
from shared.auth import Role
from shared.broker import LISTENERS

SECONDS = 30.0
GONE, STILL_FAILING = 404, 409
GROUP_COLUMNS = ("fingerprint", "type", "reason", "events", "behind", "attempts", "first_at", "last_at")
COLUMNS = ("id", "topic", "partition", "offset", "aggregate", "type", "reason", "attempts", "parked_at")
LOG_COLUMNS = ("decided_at", "who", "action", "fault", "topic", "partition", "offset", "aggregate", "type")
FINGERPRINT = re.compile(r"[0-9a-f]{12}")

ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(LISTENERS)}.")]
Which = Annotated[str, typer.Argument(metavar="ID|FINGERPRINT", help="An event, or a whole group as `ls` shows it.")]
Rate = Annotated[float, typer.Option("--rate", min=0.1, metavar="N", help="At most so many aggregates a second.")]


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    letters = typer.Typer(help="What a service could not take.", no_args_is_help=True)
    letters.command("ls")(ls)
    letters.command("show")(show)
    letters.command("redrive")(redrive)
    letters.command("drop")(drop)
    letters.command("log")(log)
    app.add_typer(letters, name="dead-letters")


def ls(service: ServiceName, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """What a service has parked, grouped by type and reason, the oldest first."""
    _rows(GROUP_COLUMNS, _ask("GET", service, "/groups", state), as_json=as_json)


def show(service: ServiceName, which: Which, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """The events of a group, or one event with its headers; never what is in them."""
    if _is_group(which):
        _rows(COLUMNS, _ask("GET", service, f"?fingerprint={which}", state), as_json=as_json)
        return
    found = _ask("GET", service, f"/{_number(which)}", state)
    if as_json:
        show_json(found)
    else:
        headers = found.pop("headers")
        show_table(("", ""), [*found.items(), *headers])


def redrive(
    service: ServiceName,
    which: Which,
    *,
    rate: Rate = 50.0,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Take parked events, and all that queue behind each, in order; where one fails again all of its stay parked."""
    _resolve(service, which, rate, state, lambda one: ("POST", f"/{one}/redrive"), ("taken", as_json))


def drop(
    service: ServiceName,
    which: Which,
    *,
    rate: Rate = 50.0,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Let parked events, and all that queue behind each, go without effect."""
    _resolve(service, which, rate, state, lambda one: ("DELETE", f"/{one}"), ("dropped", as_json))


def log(service: ServiceName, *, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """Who redrove or dropped what, and when; the latest first."""
    _rows(LOG_COLUMNS, _ask("GET", service, "/decisions", state), as_json=as_json)


def _resolve(
    service: str,
    which: str,
    rate: float,
    state: StateDirectory,
    request: Callable[[int], tuple[str, str]],
    told: tuple[str, bool],
) -> None:
    """One event, or a group one by one. What went with an earlier one of its aggregate is passed over."""
    if not _is_group(which):
        method, path = request(_number(which))
        _say(told, _ask(method, service, path, state)["events"], 0)
        return
    events = failing = 0
    parked = _ask("GET", service, f"?fingerprint={which}", state)
    for number, each in enumerate(parked):
        if number:
            time.sleep(1 / rate)
        method, path = request(each["id"])
        answer = _answer(method, service, path, state)
        if answer.status_code == STILL_FAILING:
            failing += 1
        elif answer.status_code != GONE:
            events += _content(service, answer)["events"]
    _say(told, events, failing)
    if failing:
        raise typer.Exit(CHECK_FAILED)


def _say(told: tuple[str, bool], events: int, failing: int) -> None:
    what, as_json = told
    if as_json:
        show_json({"events": events, "still_failing": failing})
    else:
        typer.echo(f"{what}: {events}" + (f"; still failing: {failing}, see `show`" if failing else ""))


def _rows(columns: tuple[str, ...], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
    else:
        show_table(columns, [[row[name] for name in columns] for row in rows])


def _is_group(which: str) -> bool:
    return FINGERPRINT.fullmatch(which) is not None


def _number(which: str) -> int:
    if not which.isdecimal():
        fail(f"{which!r} is neither an id nor a fingerprint: see `journey dead-letters ls`", WRONG_USE)
    return int(which)


def _ask(method: str, service: str, path: str, state: StateDirectory) -> Any:  # noqa: ANN401 - any JSON
    return _content(service, _answer(method, service, path, state))


def _content(service: str, answer: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    if answer.is_error:
        problem = answer.json()
        fail(f"{service}: {problem['title']} ({problem.get('detail') or problem['code']}); {problem['remedy']}")
    return answer.json()


def _answer(method: str, service: str, path: str, state: StateDirectory) -> httpx.Response:
    if service not in LISTENERS:
        fail(f"no service {service!r}: use one of {', '.join(LISTENERS)}", WRONG_USE)
    try:
        record = Stack(Home(state)).record()
        token = Issuer(state).token(Role.OPERATOR, getpass.getuser())
    except (StackFailed, NoIssuer) as failure:
        fail(failure)
    if record is None:
        fail("nothing runs here: start the stack with `journey up`")
    url = f"{record.urls[service]}/dead-letters{path}"
    try:
        return httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
    except httpx.HTTPError:
        fail(f"{service} does not answer: see `journey status`")
