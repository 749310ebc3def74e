"""How every command speaks: results to standard output, progress and errors to standard error.

Invariant: with `--json` standard output holds JSON and nothing else; an error is one readable sentence with its remedy.
Exit codes: 0 fine, 1 a check failed, 2 wrong use.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.layout import STATE

CHECK_FAILED = 1
WRONG_USE = 2
PIPE_WIDTH = 160

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
StateDirectory = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="Where the stack keeps its data.", show_default=False)
]
DEFAULT_STATE = STATE


def show_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print a value as JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings; what is None stays empty."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*[cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row])
    console.print(table)


def fail(sentence: object, code: int = CHECK_FAILED) -> NoReturn:
    """End with an error of one sentence."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"journey: {sentence}"))
    raise typer.Exit(code)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that is told each step; the terminal shows the step at hand, a pipe gets a line for each."""
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    if not console.is_terminal:
        yield lambda step: console.print(Text(f"{time.monotonic() - began:5.1f} s  {step}"), soft_wrap=True)
        return
    with console.status("") as status:

        def say(step: str) -> None:
            console.print(Text(f"{time.monotonic() - began:5.1f} s  {step}", style="dim"), soft_wrap=True)
            status.update(Text(step))

        yield say
