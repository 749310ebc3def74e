"""`journey settle`: one case as a file, what the patient would pay, and every step that leads there.

Nothing is stored and no service is asked: the same file and pack give the same answer for ever.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.discharge.settlement import packs
from services.discharge.settlement.calculate import calculate
from services.discharge.settlement.case_file import parse, to_json
from services.discharge.settlement.model import Answer, Fault, LineAnswer, Named, Step, Unacceptable
from services.discharge.settlement.shapes import AnswerShape, LineAnswerShape

BAD_INPUT = 2
PIPE_WIDTH = 160


def register(app: typer.Typer) -> None:
    """Put `settle` among the commands of `journey`."""
    app.command("settle")(settle)


def settle(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A settlement case as JSON; - reads standard input.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, amounts in fen.")] = False,
) -> None:
    """What would this patient pay? Prints the national fields, each line's four parts and every step.

    Exit code 2: the case makes no sense; standard error names each field and what to write.
    """
    try:
        case = parse(_read(file))
        answer = calculate(case, packs.load(case.pack, case.on))
    except Unacceptable as refused:
        _stop(refused.faults)
    if as_json:
        typer.echo(json.dumps(to_json(answer), ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    _show(answer, console)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        remedy = "give the path of a readable file, or - for standard input"
        raise Unacceptable([Fault(field=file, problem=error.strerror or "cannot be read", remedy=remedy)]) from None


def _stop(faults: tuple[Fault, ...]) -> NoReturn:
    for fault in faults:
        typer.echo(str(fault), err=True)
    raise typer.Exit(BAD_INPUT)


def _show(answer: Answer, console: Console) -> None:
    for pack in answer.packs:
        trust = "verified" if pack.verified else "not verified"
        console.print(Text(f"pack {pack.name}, version {pack.version}, valid from {pack.valid_from}, {trust}"))
    console.print(_fields(answer))
    console.print(_lines(answer))
    for number, step in enumerate(answer.steps, start=1):
        console.print(_step(number, step), soft_wrap=True)


def _fields(answer: Answer) -> Table:
    table = Table("field", "", "", title="National fields · 结算字段", title_justify="left")
    table.add_column("fen", justify="right", overflow="fold")
    table.add_column("yuan 元", justify="right", overflow="fold")
    for name, field in AnswerShape.model_fields.items():
        if name.endswith("_fen"):
            fen = getattr(answer, name)
            table.add_row(name.removesuffix("_fen"), field.title, field.description, str(fen), yuan(fen))
    return table


def _lines(answer: Answer) -> Table:
    table = Table("", "name 名称", "class", title="Lines in fen · 费用明细 · 分", title_justify="left")
    parts = [name for name in LineAnswerShape.model_fields if name.endswith("_fen")]
    for part in parts:
        field = LineAnswerShape.model_fields[part]
        table.add_column(f"{field.description}\n{field.title}", justify="right", overflow="fold")
    for place, line in enumerate(answer.lines):
        amounts = [str(getattr(line, part)) for part in parts]
        table.add_row(Text(f"[{place}]"), Text(line.name), _class(line), *amounts)
    return table


def _class(line: LineAnswer) -> str:
    return f"{line.line_class} {dict(zip(('01', '02', '03'), '甲乙丙', strict=True))[line.line_class]}"


def _step(number: int, step: Step) -> Text:
    text = Text(f"{number:>3}. {step.what}\n")
    if step.inputs:
        text.append(f"       from  {_named(step.inputs)}\n")
    text.append(f"       gives {_named(step.gives)}")
    if step.entries:
        text.append(f"\n       by    {step.pack}: {', '.join(step.entries)}")
    return text


def _named(values: Named) -> str:
    return ", ".join(f"{name} = {'none' if value is None else format(value)}" for name, value in values.items())


def yuan(fen: int) -> str:
    """Fen as yuan with two places and thousands separators: 1445833 → 14,458.33."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"
