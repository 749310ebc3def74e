"""How a long command of `journey replay` runs: with a bar, until its end, its failure or Ctrl-C."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.output import fail
from shared.replay.recording import RecordingFailed

T = TypeVar("T")
INTERRUPTED = 130


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left, on standard error; a pipe sees its last state only."""
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=None, rate="")

        def progress(done: int, total: int) -> None:
            speed = shown.tasks[0].speed
            shown.update(task, completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

        yield progress


@contextmanager
def failing() -> Iterator[None]:
    """What cannot be recorded, read or played ends the command with a sentence."""
    try:
        yield
    except RecordingFailed as failure:
        fail(failure)
    except OSError as failure:
        fail(f"{failure.filename or 'a connection'}: {failure.strerror or type(failure).__name__}")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; a failure, or Ctrl-C, ends the command."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what stays wrong after its retries is raised
    try:
        with failing():
            return asyncio.run(work)
    except KeyboardInterrupt:
        typer.echo("stopped: run it again to go on (play: with its --run)", err=True)
        raise typer.Exit(INTERRUPTED) from None
