"""`journey demo`: a hospital's years in a minute, from recorded patients, and a report that checks itself."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import CHECK_FAILED, WRONG_USE, Json, StateDirectory, fail, show_json, show_table
from cli.stack import Kafka, Postgres
from deploy.local.broker import check
from deploy.local.demo import HOME, SHIPPED, Wanted, demo
from deploy.local.record import Record
from deploy.local.stack import StackFailed
from services.simulator.play.exams import BadExams
from services.simulator.play.opening import BadBeds
from services.simulator.play.suite import Unexpected
from services.simulator.reading.model import UnreadableExport
from services.simulator.report.shapes import BedProposal, BedReason, MorningRound, Report

FEN = 100
SHOWN = 3
TERMS = {
    "u": "urgency 紧急",
    "a": "waiting 等待",
    "rw": "RW 权重",
    "l4": "level 4 四级手术",
    "cmi": "CMI",
    "s": "social 社会",
    "spec": "specialty 专科",
    "campus": "campus 院区",
    "equip": "equipment 设备",
    "los": "stay 住院日",
    "flex": "room sex 同性别房",
}
STAMP = Path(sys.prefix) / ".install-seconds"

Patients = Annotated[
    Path, typer.Option("--patients", metavar="DIR", help="A Synthea CSV export to play.", show_default=False)
]
Once = Annotated[bool, typer.Option("--once", help="End after the table; exit 0 only if every check holds.")]
ReportFile = Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the report as JSON.")]


def register(app: typer.Typer) -> None:
    """Put the command on the menu."""
    app.command("demo")(play)


def play(
    *,
    patients: Patients = SHIPPED,
    once: Once = False,
    report: ReportFile = None,
    kafka: Kafka = "auto",
    postgres: Postgres = None,
    state: StateDirectory = HOME,
    as_json: Json = False,
) -> None:
    """Start everything afresh, play recorded patients from booking to follow-up, and say what came of it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` would have us deaf to it
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        check(kafka)
    except ValueError as wrong:
        fail(wrong, WRONG_USE)
    if report is not None and not report.absolute().parent.is_dir():
        fail(f"--report {report}: its folder does not exist, create it first", WRONG_USE)
    try:
        wanted = Wanted(patients=patients, kafka=kafka, postgres=postgres, install_seconds=_install_seconds())
        holds = _play(wanted, state.resolve(), report, once=once, as_json=as_json)
    except UnreadableExport as unreadable:
        fail(unreadable, WRONG_USE)
    except (StackFailed, Unexpected, BadBeds, BadExams) as failure:
        fail(failure)
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; nothing of it runs any more")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if holds else CHECK_FAILED)


def _play(wanted: Wanted, state: Path, report_file: Path | None, *, once: bool, as_json: bool) -> bool:
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)

        def on_progress(done: int, left: int, at: object) -> None:
            day = f"{at:%Y-%m-%d}" if isinstance(at, datetime) else ""
            bar.update(task, description=f"playing {day}", completed=done, total=done + left)

        def say(step: str) -> None:
            bar.print(step)
            bar.update(task, description=step[:40])

        with demo(replace(wanted, say=say, on_progress=on_progress), state) as (record, report):
            bar.stop()
            text = report.model_dump_json(indent=1)
            if report_file is not None:
                report_file.write_text(text + "\n", encoding="utf-8")
            show_json(report.model_dump(mode="json")) if as_json else _show(report)
            if not once:
                _stay(record, console)
    return all(report.checks.values())


def _stay(record: Record, console: Console) -> NoReturn:
    """Say where everything is, and wait for Ctrl-C."""
    console.print(f"\nthe pages     {record.urls['console']}")
    for name, url in record.urls.items():
        console.print(f"{name:<14}{url}/docs")
    console.print("press Ctrl-C to stop everything")
    while True:
        signal.pause()


def _show(report: Report) -> None:
    """The report's figures as a table, and the outcome of every check."""
    totals, bookings, waitlist, queue = report.totals, report.bookings, report.waitlist, report.queue
    rows = [
        ("patients 患者", report.patients),
        ("bookings 预约", bookings.booked),
        ("  cancelled by death 因死亡取消", bookings.cancelled),
        ("  arrived 到诊", bookings.arrived),
        ("  completed 完成", bookings.completed),
        ("bookings from follow-up 随访预约", report.bookings_from_followup),
        ("waited / offered / filled 候补", f"{waitlist.joined} / {waitlist.offered} / {waitlist.filled}"),
        ("called, mean wait 叫号、平均等候", f"{queue.called}, {queue.mean_wait_minutes:.1f} min"),
        ("stays 住院", report.admissions),
        ("bed days 床日", report.bed_days),
        ("settled, yuan 结算金额", _yuan(totals.lines_total_fen)),
        ("  paid by funds 基金支付", _yuan(totals.fund_pay_fen)),
        ("  paid by patients 个人支付", _yuan(totals.patient_pay_fen)),
        ("placed in one morning round 晨间配床", f"{report.morning_round.placed} / {report.morning_round.patients}"),
        ("  proven gap 与最优之差", f"{report.morning_round.gap:.2%}"),
        ("follow-up plans 随访计划", report.plans_opened),
        ("tasks due / done 随访任务", f"{report.tasks.due} / {report.tasks.done}"),
        ("exams in plans 检查", report.exams.exams),
        ("  visits 到院次数", report.exams.visits),
        (
            "  of these / one by one 可比 / 逐项预约",
            f"{report.exams.visits_compared} / {report.exams.visits_one_by_one}",
        ),
        ("events on the topics 事件", sum(report.events.values())),
        ("dead letters 死信", report.dead_letters),
        ("encounters not covered 未覆盖", sum(report.not_covered.values())),
        ("rows left out 未读入的行", len(report.rejected_rows)),
        ("Kafka", f"{report.kafka.kind} {report.kafka.version}"),
        ("PostgreSQL", f"{report.postgres.kind} {report.postgres.version}"),
        ("seconds: install / start / play", " / ".join(f"{value:.1f}" for _, value in report.seconds)),
    ]
    show_table(("", ""), rows)
    _show_morning(report.morning_round)
    show_table(("check 核对", ""), [(name, "holds" if held else "FAILS") for name, held in report.checks.items()])


def _show_morning(morning: MorningRound) -> None:
    """The best proposals of a morning on which everybody asks for a bed at once, with their reasons."""
    best = sorted(morning.proposals, key=lambda one: (one.tier, -one.score))[:SHOWN]
    rows = [
        (one.bed_id, f"{one.score:.2f}", _reasons(one.terms), _reasons(one.concessions), _margin(one)) for one in best
    ]
    columns = (
        "morning round 晨间配床",
        "points 分",
        "reasons 理由",
        "given up 让步",
        "ahead of next bed / patient 领先",
    )
    show_table(columns, rows)


def _reasons(reasons: Sequence[BedReason]) -> str:
    """The largest first, in points."""
    ordered = sorted(reasons, key=lambda one: -one.points)
    return ", ".join(f"{TERMS.get(one.name, one.name)} {one.points:.1f}" for one in ordered[:SHOWN] if one.points)


def _margin(one: BedProposal) -> str:
    """What the next best bed and the next best patient lack."""
    return " / ".join("-" if margin is None else f"{margin:.1f}" for margin in (one.margin, one.rival_margin))


def _yuan(fen: int) -> str:
    return f"{fen // FEN:,}.{fen % FEN:02d}"


def _install_seconds() -> float:
    """How long `make` has installed just before; 0 when there was nothing to install."""
    try:
        seconds = float(STAMP.read_text())
    except (OSError, ValueError):
        return 0.0
    STAMP.unlink()
    return seconds


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt
