"""`journey allocate`: a bed round on two tables, by the same scores and optimiser as the service; no server.

Nothing is stored. Standard output holds the answer; what could not be read is named on standard error, row by row.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.output import WRONG_USE, Json, fail, progress, show_table
from services.beds.allocation.files import EXACT_GAP, LONG_ENOUGH, AnswerShape, allocate, read, save_matrix
from services.beds.allocation.model import Effort
from services.beds.scoring import policy_file
from services.beds.scoring.model import Policy
from services.beds.scoring.policy_file import PolicyRejected
from services.beds.scoring.table_file import NoTable

LONGEST_SECONDS = 3600.0

Beds = Annotated[Path, typer.Option("--beds", metavar="CSV", help="The beds; columns in docs/allocate.md.")]
Requests = Annotated[Path, typer.Option("--requests", metavar="CSV", help="The patients who wait.")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="JSON", help="Numbers of the score to change; else our default.")
]
MatrixFile = Annotated[
    Path | None, typer.Option("--matrix", metavar="NPZ", help="Write the weights here, to check with another solver.")
]
Exact = Annotated[
    float | None,
    typer.Option("--exact", metavar="SECONDS", min=0, max=LONGEST_SECONDS, help="Search so long, or to 0.01 %."),
]


def register(app: typer.Typer) -> None:
    """Put `allocate` among the commands of `journey`."""
    app.command("allocate")(run)


def run(
    *,
    beds: Beds,
    requests: Requests,
    policy: PolicyFile = None,
    matrix: MatrixFile = None,
    exact: Exact = None,
    as_json: Json = False,
) -> None:
    """Who gets which bed, why, and how much better any allocation could at most be.

    Exit code 2: a file cannot be read at all, or no row of one is good; standard error says what to do.
    """
    rules = _policy(policy)
    try:
        tables = read(beds, requests)
    except NoTable as refused:
        fail("\n".join(f"line 1, {fault.field} {fault.reason}: {fault.remedy}" for fault in refused.faults), WRONG_USE)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; give the path of a readable file", WRONG_USE)
    for row in tables.rejected:
        typer.echo(f"{row.file} line {row.line}, {row.field}: {row.reason}", err=True)
    for rows, file in ((tables.places, beds), (tables.waiting, requests)):
        if not rows:
            fail(f"{file}: no row of it is good; correct what is named above, or add rows", WRONG_USE)
    effort = LONG_ENOUGH if exact is None else Effort(gap=EXACT_GAP, seconds=exact)
    with progress() as say:
        say(f"{len(tables.waiting)} patients, {len(tables.places)} beds")
        answer, laid_out = allocate(tables, rules, effort)
    if matrix is not None:
        try:
            save_matrix(laid_out, matrix)
        except OSError as error:
            fail(f"--matrix {matrix}: {error.strerror}; give a path that can be written", WRONG_USE)
    if as_json:
        typer.echo(answer.model_dump_json(indent=1))
    else:
        _show(answer)


def _policy(file: Path | None) -> Policy:
    if file is None:
        return policy_file.default()
    try:
        return policy_file.parse(file.read_text(encoding="utf-8"))
    except PolicyRejected as refused:
        faults = (f"{fault.field}: {fault.reason}; {fault.remedy}" for fault in refused.faults)
        fail(f"--policy {file}: " + "\n".join(faults), WRONG_USE)
    except UnicodeDecodeError:
        fail(f"--policy {file}: not in UTF-8; save it as JSON in UTF-8", WRONG_USE)
    except OSError as error:
        fail(f"--policy {file}: {error.strerror}; give the path of a readable file", WRONG_USE)


def _show(answer: AnswerShape) -> None:
    rows: list[list[object]] = [
        [one.id, one.tier, f"{one.campus}/{one.ward}/{one.room}/{one.bed}", f"{one.score:.2f}", _terms(one.terms)]
        for one in answer.assigned
    ]
    rows += [[one.id, "", Text("no bed"), "", _reasons(one.reasons)] for one in answer.unassigned]
    show_table(["patient 患者", "tier", "bed 床位", "score 得分", "why 理由"], rows)
    typer.echo(
        f"\n{len(answer.assigned)} placed, {len(answer.unassigned)} not; score {answer.achieved:.2f} of at most "
        f"{answer.bound:.2f} (gap {answer.gap:.4%}); policy {answer.policy_version}; {answer.seconds:.2f} s"
    )


def _terms(terms: dict[str, float]) -> str:
    return " ".join(f"{name} {points:.2f}" for name, points in terms.items() if points)


def _reasons(reasons: dict[str, int]) -> str:
    return ", ".join(f"{beds} {rule}" for rule, beds in reasons.items())
