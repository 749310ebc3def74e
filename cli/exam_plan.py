"""`journey exam-plan`: one request for several exams as a file, planned by the code of the service; no server.

Nothing is stored. Standard output holds the plan; what is wrong with the file is named on standard error, by field.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.output import CHECK_FAILED, WRONG_USE, Json, fail, show_table
from services.registration.exams.plan_file import Unplannable, answer, parse
from services.registration.exams.plan_shapes import AnswerShape, PlanShape


def register(app: typer.Typer) -> None:
    """Put `exam-plan` among the commands of `journey`."""
    app.command("exam-plan")(run)


def run(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A case as JSON (docs/exam-plan.md); - reads input.")],
    *,
    as_json: Json = False,
) -> None:
    """When and where to do several exams: fewest visits, then the shortest stay, then the earliest.

    Exit code 1: nothing fits. Exit code 2: the file is no case; standard error names each field and what to write.
    """
    try:
        found = answer(parse(_read(file)))
    except Unplannable as refused:
        for fault in refused.faults:
            typer.echo(f"{fault['field']} {fault['reason']}: {fault['remedy']}", err=True)
        raise typer.Exit(WRONG_USE) from None
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _show(found)
    if found.plan is None:
        alone = (
            f"nothing is free for {', '.join(found.impossible)}; " if found.impossible else "no plan keeps every rule; "
        )
        fail(f"{alone}give more days, wider windows or more campuses", CHECK_FAILED)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}; give the path of a readable file, or - for standard input", WRONG_USE)


def _show(found: AnswerShape) -> None:
    for title, plan in (("plan", found.plan), ("one by one", found.one_by_one)):
        if plan is not None:
            sure = "" if not plan.proven else ", no plan is better"
            typer.echo(f"{title}: {plan.visits} visits, {plan.stay_minutes} minutes on site{sure}")
    if found.plan is not None:
        _exams(found.plan)


def _exams(plan: PlanShape) -> None:
    columns = ("from", "to", "exam", "device", "campus", "read at")
    rows = [
        (
            f"{one.starts_at:%Y-%m-%d %H:%M}",
            f"{one.ends_at:%H:%M}",
            one.item_code,
            one.device_id,
            one.campus_id,
            one.reading_campus_id,
        )
        for one in plan.exams
    ]
    show_table(columns, rows)
