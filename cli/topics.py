"""`journey topics ls | tail | create`: what is on the broker.

Invariant: looking changes nothing: no group is joined, no offset committed, no topic made by a wrong name.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from cli.output import DEFAULT_STATE, Json, StateDirectory, fail, show_json, show_table
from cli.replay_options import LaneName, lane_of
from deploy.local.layout import Home
from deploy.local.stack import Stack, StackFailed
from shared.broker import PRODUCTION_MARK, TOPICS, Topic
from shared.provisioning import TopicsFailed, create_topics

T = TypeVar("T")
REQUEST_MS = 10_000
Address = Annotated[str | None, typer.Option("--kafka", metavar="HOST:PORT", help="A broker other than the stack's.")]


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    topics = typer.Typer(help="What is on the broker.", no_args_is_help=True)
    topics.command("ls")(ls)
    topics.command("tail")(tail)
    topics.command("create")(create)
    app.add_typer(topics, name="topics")


def ls(*, kafka: Address = None, state: StateDirectory = DEFAULT_STATE, as_json: Json = False) -> None:
    """Every topic: partitions, records kept, end offsets."""
    listed = _run(_list(broker_address(kafka, state)))
    if as_json:
        show_json(listed)
        return
    rows = [
        [each["topic"], len(each["end_offsets"]), each["records"], " ".join(map(str, each["end_offsets"]))]
        for each in listed
    ]
    show_table(["topic", "partitions", "records", "end offsets"], rows)


def tail(
    topic: Annotated[str, typer.Argument(metavar="TOPIC")],
    *,
    number: Annotated[int, typer.Option("--number", "-n", min=0, help="How many of the last records.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what arrives, until Ctrl-C.")] = False,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """The last records of a topic by time: type, subject, time, key and content."""
    _run(_tail(broker_address(kafka, state), topic, number, follow=follow, as_json=as_json))


def create(
    *,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition: 3 in production.")] = 1,
    lane: LaneName = None,
    production: Annotated[bool, typer.Option("--production", help="Mark the cluster: real patients are here.")] = False,
    kafka: Address = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Create the suite's topics that are not there yet; those that are stay as they are."""
    wanted = [Topic(PRODUCTION_MARK, partitions=1)] if production else []
    wanted += [topic.within(lane_of(lane)) for topic in TOPICS]
    try:
        create_topics(broker_address(kafka, state), wanted, replication)
    except TopicsFailed as failure:
        fail(failure)
    names = [topic.name for topic in wanted]
    if as_json:
        show_json({"topics": names})
    else:
        typer.echo(f"there now: {', '.join(names)}")


async def _list(bootstrap: str) -> list[dict[str, Any]]:
    names = await _names(bootstrap)
    listed = []
    async with _consumer(bootstrap, *names) as consumer:
        assigned = consumer.assignment()
        begins, ends = await consumer.beginning_offsets(assigned), await consumer.end_offsets(assigned)
        for name in names:
            partitions = sorted(partition for partition in assigned if partition.topic == name)
            records = sum(ends[partition] - begins[partition] for partition in partitions)
            listed.append({"topic": name, "records": records, "end_offsets": [ends[each] for each in partitions]})
    return listed


async def _tail(bootstrap: str, topic: str, number: int, *, follow: bool, as_json: bool) -> None:
    if topic not in await _names(bootstrap):
        fail(f"no topic {topic!r} at {bootstrap}: see `journey topics ls`")
    async with _consumer(bootstrap, topic) as consumer:
        partitions = sorted(consumer.assignment())
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, max(begins[partition], ends[partition] - number))
        last = [record async for record in _until(consumer, partitions, ends)]
        last.sort(key=lambda record: (record.timestamp, record.partition, record.offset))
        for record in last[-number:] if number else []:
            _show(record, as_json=as_json)
        while follow:
            _show(await consumer.getone(), as_json=as_json)


async def _names(bootstrap: str) -> list[str]:
    async with _consumer(bootstrap) as consumer:
        return sorted(await consumer.topics())


async def _until(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], ends: dict[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord]:
    """Every record from where the consumer stands to these ends, and what came with them."""
    while True:
        behind = [partition for partition in partitions if await consumer.position(partition) < ends[partition]]
        if not behind:
            return
        for records in (await consumer.getmany(*behind, timeout_ms=REQUEST_MS)).values():
            for record in records:
                yield record


def _show(record: ConsumerRecord, *, as_json: bool) -> None:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    key = record.key.decode(errors="replace") if record.key is not None else None
    content = _content(record.value)
    sent_at = datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    if as_json:
        place = {"partition": record.partition, "offset": record.offset, "sent_at": sent_at}
        typer.echo(json.dumps({**place, "key": key, "headers": headers, "value": content}, ensure_ascii=False))
        return
    what = headers.get("ce_type", "(no ce_type)")
    typer.echo(f"{what}  {headers.get('ce_subject', '')}  {headers.get('ce_time', sent_at)}  key {key}")
    typer.echo(f"    {json.dumps(content, ensure_ascii=False)}")


def _content(value: bytes | None) -> object:
    """The JSON a record holds; text where it is none; None for a tombstone."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value.decode(errors="replace")


def _consumer(bootstrap: str, *topics: str) -> AIOKafkaConsumer:
    """A reader of every partition of these topics, without a group."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_MS,
    )


def broker_address(given: str | None, state: StateDirectory) -> str:
    """The broker's address: the one given, else the running stack's; ends the command where there is neither."""
    if given is not None:
        return given
    try:
        record = Stack(Home(state)).record()
    except StackFailed as failure:
        fail(failure)
    if record is None or not record.kafka:
        fail("no broker is known: start the stack with `journey up`, or give --kafka HOST:PORT")
    return record.kafka


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KafkaError as failure:
        fail(f"the broker refused or did not answer ({type(failure).__name__}): see `journey status`")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
