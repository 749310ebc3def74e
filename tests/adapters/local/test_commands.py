"""The `journey` command against a stack of stand-ins."""

import asyncio
import json

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from cli.main import MODULES, application
from deploy.local.layout import Home, ServiceEntry
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from shared.auth import Role, Verifier
from shared.broker import Topic
from tests.adapters.local.stand_in import command, migration
from tests.support.folders import folder


@pytest.fixture(scope="module")
def stack():
    wishes = Wishes(
        kafka="embedded",
        tied=True,
        services=[ServiceEntry(name="beds", preferred_port=8102)],
        command=command,
        migration=migration,
        topics=[Topic("beds-events", partitions=3)],
    )
    with folder("stack") as root:
        stack = Stack(Home(root))
        stack.up(wishes)
        try:
            yield stack
        finally:
            stack.down()


@pytest.fixture
def journey(stack):
    def run(*arguments):
        return CliRunner().invoke(application(), [*arguments, "--state", str(stack.home.root)])

    return run


def answer(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_command_is_on_the_menu():
    shown = CliRunner().invoke(application(), ["--help"]).stdout
    assert all(f" {command} " in shown for command in MODULES)


def test_status_shows_every_process(journey):
    shown = answer(journey("status", "--json"))
    assert [each["name"] for each in shown["processes"]] == ["postgres", "kafka", "beds"]
    assert shown["broker"]["kind"] == "embedded"
    assert "ready" in journey("status").stdout


def test_status_of_nothing_says_how_to_start(tmp_path):
    result = CliRunner().invoke(application(), ["status", "--state", str(tmp_path)])
    assert result.exit_code == 1
    assert "journey up" in result.stderr


def test_a_query_through_psql_comes_as_json(journey, capfd):
    result = journey("psql", "beds", "--json", "--command", "SELECT bed_id FROM bed;")
    assert result.exit_code == 0
    assert json.loads(capfd.readouterr().out) == [{"bed_id": "N3-12-2"}]


def test_psql_of_an_unknown_service_names_the_known(journey):
    result = journey("psql", "bads")
    assert result.exit_code == 1
    assert "use one of beds" in result.stderr


async def _send(bootstrap, numbers):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for number in numbers:
            value = json.dumps({"bed_id": f"N3-12-{number}"}).encode()
            headers = [("ce_type", b"beds.bed-reserved.v1"), ("ce_subject", b"stay/1")]
            await producer.send_and_wait("beds-events", value, key=b"patient", headers=headers)


def test_tail_shows_the_last_events_in_their_order(journey, stack):
    asyncio.run(_send(stack.record().kafka, range(5)))
    last = journey("topics", "tail", "beds-events", "--number", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["value"]["bed_id"] for line in last] == ["N3-12-3", "N3-12-4"]
    shown = journey("topics", "tail", "beds-events").stdout
    assert "beds.bed-reserved.v1  stay/1" in shown
    listed = {each["topic"]: each for each in answer(journey("topics", "ls", "--json"))}
    assert listed["beds-events"]["records"] == 5
    assert len(listed["beds-events"]["end_offsets"]) == 3


def test_tail_of_an_unknown_topic_makes_none(journey):
    result = journey("topics", "tail", "bed-event")
    assert result.exit_code == 1
    assert "journey topics ls" in result.stderr
    assert "bed-event" not in [each["topic"] for each in answer(journey("topics", "ls", "--json"))]


def test_a_token_carries_its_role(journey, stack):
    made = answer(journey("token", "--role", "coordinator", "--ward", "N3", "--clinic", "echo", "--json"))
    caller = Verifier(stack.home.root / "jwks.json").caller(made["token"])
    assert caller.roles == {Role.COORDINATOR}
    assert caller.in_ward("N3")
    assert not caller.in_ward("N4")
    assert caller.clinics == {"echo"}


def test_an_unknown_role_is_wrong_use_and_names_the_known(journey):
    result = journey("token", "--role", "chief")
    assert result.exit_code == 2
    assert "ward-nurse" in result.stderr


def test_an_unknown_broker_is_wrong_use(journey):
    result = journey("up", "--kafka", "apach")
    assert result.exit_code == 2
    assert "auto, apache, embedded or HOST:PORT" in result.stderr


def test_doctor_looks_at_everything_and_says_how_to_get_what_is_missing(journey, monkeypatch):
    monkeypatch.setattr("deploy.local.jars._java_programs", list)
    found = {each["what"]: each for each in answer(journey("doctor", "--json"))}
    assert found["Java 17+"]["found"] is None
    assert "apt-get install" in found["Java 17+"]["remedy"]
    assert found["PostgreSQL (embedded)"]["remedy"] is None
    assert found["ports"]["found"] == "in use by the running stack"


def test_down_stops_what_runs_and_says_so_once(stack, journey):
    assert set(answer(journey("down", "--json"))["stopped"]) == {"postgres", "kafka", "beds"}
    assert answer(journey("down", "--json"))["stopped"] == []
    assert "the data in" in journey("reset", "--yes").stdout
    assert not stack.home.postgres.exists()
