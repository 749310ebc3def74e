"""`journey replay expect FILE`: what a recording makes of the services that hear it, twice, and whether it is the same.

Invariant: it plays into lanes of its own and throw-away databases; whatever runs here is left alone.
"""

import secrets
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import replay_options as options
from cli.output import CHECK_FAILED, DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, show_json, show_table
from cli.replay_running import bar, run_to_end
from cli.topics import Address, broker_address
from deploy.local.throwaway import Rehearsal, throwaway_postgres
from shared.broker import LISTENERS
from shared.replay.expectation import Outcome
from shared.replay.expectation import expect as play_twice
from shared.replay.plan import Wishes
from shared.replay.selection import Selection

Services = Annotated[list[str] | None, typer.Option("--service", metavar="SERVICE", help="Only this one; repeatable.")]


def expect(
    file: options.File,
    *,
    service: Services = None,
    closure: options.Patients = None,
    kind: options.Types = None,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Play a recording into two fresh lanes; hash what services make of it; exit 1, with the rows, where it differs."""
    services = tuple(service or LISTENERS)
    if unknown := [name for name in services if name not in LISTENERS]:
        fail(f"no service {unknown[0]!r}: use one of {', '.join(LISTENERS)}", WRONG_USE)
    with tempfile.TemporaryDirectory(prefix="carejourney-expect-") as folder, throwaway_postgres() as server:
        wishes = Wishes(
            path=file,
            bootstrap=broker_address(kafka, state),
            run=secrets.token_hex(4),
            runs=Path(folder),
            selection=Selection(types=tuple(kind or ())),
            patients=tuple(closure or ()),
        )
        with bar("playing") as progress:
            rehearsal = Rehearsal(server, Path(folder))
            outcomes = run_to_end(play_twice(wishes, services, rehearsal.host, progress))
    _show(outcomes, as_json=as_json)
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(CHECK_FAILED)


def _show(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        show_json([{**asdict(outcome), "holds": outcome.holds} for outcome in outcomes])
        return
    rows = [
        [outcome.service, table, outcome.before[table].rows, first.rows, first.hash, _same(outcome, table)]
        for outcome in outcomes
        for table, first in outcome.first.items()
        if first.rows
    ]
    show_table(["service", "table", "rows before", "after", "hash", "second time"], rows)
    for outcome in outcomes:
        for each in outcome.differences:
            typer.echo(f"{outcome.service}.{each.table}, only in the {each.only_in}: {each.row}")


def _same(outcome: Outcome, table: str) -> str:
    second = outcome.second[table]
    return "the same" if second == outcome.first[table] else f"{second.rows} rows, {second.hash}"
