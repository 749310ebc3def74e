"""`journey replay play FILE`: a recording into a lane, or into the topics of another cluster.

Invariant: whatever stands against it is said before the first record is sent, with exit code 1.
"""

import secrets

import typer

from cli import replay_options as options
from cli.keys import listening
from cli.output import DEFAULT_STATE, Json, StateDirectory, show_json, show_table
from cli.replay_running import bar, failing, run_to_end
from cli.topics import Address, broker_address
from shared.clock import wall_now
from shared.replay import player
from shared.replay.pace import Pace
from shared.replay.plan import Plan, Wishes, plan
from shared.replay.recording import RecordingFailed
from shared.replay.selection import Selection

AHEAD_SECONDS = 60.0
KEYS = "space: pause, go on · s: one step · >: a minute ahead · Ctrl-C: stop, to be gone on with"


def play(
    file: options.File,
    *,
    speed: options.Speed = "max",
    max_gap: options.MaxGap = None,
    shift_to: options.ShiftTo = None,
    lane: options.LaneName = None,
    kafka: Address = None,
    yes_production: options.YesProduction = False,
    new_ids: options.NewIds = False,
    topic: options.Topics = None,
    kind: options.Types = None,
    key: options.Keys = None,
    since: options.Since = None,
    until: options.Until = None,
    offsets: options.Offsets = None,
    closure: options.Patients = None,
    mask: options.Mask = False,
    as_it_is: options.AsItIs = False,
    dry_run: options.DryRun = False,
    run: options.RunName = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Play a recording into a lane, or into the topics of another cluster."""
    wishes = Wishes(
        path=file,
        bootstrap=broker_address(kafka, state),
        run=options.run_name(run or secrets.token_hex(4)),
        runs=state / "replay",
        lane=options.lane_of(lane),
        selection=_selection(topic, kind, key, since, until, offsets),
        patients=tuple(closure or ()),
        shift_to=wall_now() if shift_to == "now" else options.instant(shift_to, "--shift-to"),
        mask=mask,
        new_ids=new_ids,
        as_it_is=as_it_is,
        yes_production=yes_production,
    )
    _carry_out(wishes, speed, max_gap, dry_run=dry_run, as_json=as_json)


def _selection(
    topic: options.Topics,
    kind: options.Types,
    key: options.Keys,
    since: options.Since,
    until: options.Until,
    offsets: options.Offsets,
) -> Selection:
    return Selection(
        topics=tuple(topic or ()),
        types=tuple(kind or ()),
        keys=tuple(one.encode() for one in key or ()),
        since=options.instant(since, "--since"),
        until=options.instant(until, "--until"),
        offsets=tuple(map(options.offset_range, offsets or ())),
    )


def _carry_out(wishes: Wishes, speed: str, max_gap: float | None, *, dry_run: bool, as_json: bool) -> None:
    factor = options.factor_of(speed)
    with failing():
        planned = plan(wishes)
    if dry_run:
        _show(planned, factor, as_json=as_json)
        return
    typer.echo(f"run {wishes.run}: {planned.records - planned.run.sent} records to send", err=True)
    sent = run_to_end(_play(planned, factor, max_gap, paused=speed == "step"))
    if as_json:
        show_json({"run": wishes.run, "records": planned.records, "sent": sent})
    else:
        typer.echo(f"sent: {sent}")


async def _play(planned: Plan, speed: float | None, max_gap: float | None, *, paused: bool) -> int:
    pace = Pace(speed, max_gap, paused=paused)
    keys = {" ": pace.pause_or_go_on, "s": pace.step, ">": lambda: pace.go_ahead(AHEAD_SECONDS)}
    with listening(keys) as heard, bar("playing") as progress:
        if paused and not heard:
            raise RecordingFailed("--speed step needs a terminal: give 1x, 10x or max")
        if heard:
            typer.echo(KEYS, err=True)
        return await player.play(planned, pace, progress)


def _show(planned: Plan, speed: float | None, *, as_json: bool) -> None:
    """The plan."""
    lane = planned.wishes.lane
    rows = [
        {"topic": topic.name, "to": lane.topic(topic.name), "records": planned.topics[topic.name]}
        for topic in planned.recording.head.topics
    ]
    span_seconds = ((planned.last_timestamp or 0) - (planned.first_timestamp or 0)) / 1000
    seconds = span_seconds / speed if speed else None
    shift = planned.run.shift_seconds
    if as_json:
        show_json({"topics": rows, "records": planned.records, "shift_seconds": shift, "seconds": seconds})
        return
    show_table(["topic", "to", "records"], [list(row.values()) for row in rows])
    typer.echo(f"to be made: {', '.join(topic.name for topic in planned.new_topics) or 'nothing'}")
    typer.echo(f"later by {shift or 0:.3f} s")
    typer.echo("as fast as it goes" if seconds is None else f"takes {seconds:.1f} s, less what --max-gap cuts")
