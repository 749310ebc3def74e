"""`journey replay record | verify | play | expect | drop-lane`: topics into a file, and out of it again."""

from typing import Annotated

import typer

from cli.output import DEFAULT_STATE, Json, StateDirectory, fail, show_json, show_table
from cli.replay_expect import expect
from cli.replay_options import EVENT_TOPICS, File, LaneName, Topics, lane_of
from cli.replay_play import play
from cli.replay_running import bar, failing, run_to_end
from cli.topics import Address, broker_address
from shared.provisioning import TopicsFailed, delete_topics
from shared.replay import recorder
from shared.replay.cluster import look
from shared.replay.reading import Recording
from shared.replay.reading import verify as read_whole


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    replay = typer.Typer(help="Topics into a file, and out of it again.", no_args_is_help=True)
    replay.command("record")(record)
    replay.command("verify")(verify)
    replay.command("play")(play)
    replay.command("expect")(expect)
    replay.command("drop-lane")(drop_lane)
    app.add_typer(replay, name="replay")


def record(
    file: File,
    *,
    topic: Topics = None,
    lane: LaneName = None,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Record what the topics hold now, by default every topic of events. Run it again to go on after a cut."""
    source, chosen = broker_address(kafka, state), tuple(topic or EVENT_TOPICS)
    with bar("recording") as progress:
        run_to_end(recorder.record(source, chosen, lane_of(lane), file, progress))
    _show(_whole(file), as_json=as_json)


def verify(file: File, *, as_json: Json = False) -> None:
    """Read a recording from end to end, and say what it holds."""
    _show(_whole(file), as_json=as_json)


def drop_lane(
    lane: Annotated[str, typer.Argument(metavar="LANE")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Delete a lane's topics with all they hold."""
    bootstrap, prefix = broker_address(kafka, state), lane_of(lane).prefix
    with failing():
        names = sorted(name for name in look(bootstrap).partitions if name.startswith(prefix))
        if not names:
            fail(f"no lane {lane} at {bootstrap}: see `journey topics ls`")
        if not yes:
            typer.confirm(f"delete {', '.join(names)}?", abort=True)
        try:
            delete_topics(bootstrap, names)
        except TopicsFailed as failure:
            fail(failure)
    show_json({"deleted": names}) if as_json else typer.echo(f"deleted: {', '.join(names)}")


def _whole(file: File) -> Recording:
    with failing():
        return read_whole(file)


def _show(recording: Recording, *, as_json: bool) -> None:
    head, trailer = recording.head, recording.trailer
    if as_json:
        show_json({"recorded_at": head.recorded_at, "cluster": head.cluster, **trailer.model_dump()})
        return
    show_table(["topic", "records"], [[topic.name, trailer.topics.get(topic.name, 0)] for topic in head.topics])
    show_table(["type", "records"], [[name or "(no ce_type)", n] for name, n in sorted(trailer.types.items())])
    typer.echo(f"{recording.path}: whole, {trailer.records} records, SHA-256 {trailer.sha256}")
