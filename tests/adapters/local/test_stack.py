"""The whole stack on one machine, with stand-ins for the services."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from deploy.local.children import ROOT, Child, birth
from deploy.local.layout import Home, ServiceEntry
from deploy.local.record import Record
from deploy.local.stack import Stack, StackFailed
from deploy.local.starting import Wishes
from shared.broker import Topic
from tests.adapters.local.stand_in import command, migration

WISHES = Wishes(
    kafka="embedded",
    tied=True,
    services=[
        ServiceEntry(name="beds", preferred_port=8102),
        ServiceEntry(name="discharge", preferred_port=8102, extras=lambda urls: {"JOURNEY_CENTRE_URL": urls["beds"]}),
    ],
    command=command,
    migration=migration,
    topics=[Topic("beds-events")],
)


@pytest.fixture
def stack(server_folder):
    stack = Stack(Home(server_folder / "state"))
    yield stack
    stack.down()


def gone(record):
    return not record.running()


def test_everything_is_up_and_down_leaves_no_process(stack):
    record = stack.up(WISHES)
    states = stack.status()
    assert [state.name for state in states] == ["postgres", "kafka", "beds", "discharge"]
    assert all(state.running for state in states)
    assert all(state.ready for state in states if state.url)
    assert set(stack.down()) == {"postgres", "kafka", "beds", "discharge"}
    assert gone(record)
    assert stack.status() == []
    assert stack.down() == []


def test_a_service_is_told_its_own_database_its_port_and_its_neighbours(stack):
    record = stack.up(WISHES)
    told = httpx.get(f"{record.urls['discharge']}/environment").json()
    assert told["JOURNEY_DATABASE_URL"] == stack.database_url("discharge")
    assert told["JOURNEY_KAFKA"] == record.kafka
    assert told["JOURNEY_CENTRE_URL"] == record.urls["beds"]
    assert record.urls["discharge"].endswith(f":{told['JOURNEY_HTTP_PORT']}")
    assert record.urls["discharge"] != record.urls["beds"]
    assert Path(told["JOURNEY_JWKS"]).exists()
    assert '"d"' not in Path(told["JOURNEY_JWKS"]).read_text()


def test_the_record_holds_no_password(stack):
    stack.up(WISHES)
    password = stack.database_url("beds").partition("@")[0].rpartition(":")[2]
    assert password not in stack.home.record.read_text()
    assert (stack.home.databases.stat().st_mode & 0o077) == 0
    assert (stack.home.passwords.stat().st_mode & 0o077) == 0


def test_a_second_up_says_that_it_is_up(stack):
    stack.up(WISHES)
    with pytest.raises(StackFailed, match="up already"):
        stack.up(WISHES)
    assert len(stack.record().running()) == 4


@pytest.mark.parametrize(
    ("name", "last_words"), [("broken", "newer than the code"), ("forgetful", "setting wrong or missing")]
)
def test_what_cannot_start_takes_down_what_had_and_shows_its_last_words(stack, name, last_words):
    failing = replace(WISHES, services=[*WISHES.services, ServiceEntry(name=name, preferred_port=8104)])
    with pytest.raises(StackFailed, match=last_words):
        stack.up(failing)
    assert stack.status() == []
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(stack.home.root) in str(process.info)]


def rows(url):
    async def count():
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("SELECT count(*) FROM bed")
        finally:
            await connection.close()

    return asyncio.run(count())


def test_on_the_embedded_broker_the_data_starts_clean_and_it_says_so(stack):
    said = []
    for _ in range(2):
        stack.up(replace(WISHES, say=said.append))
        assert rows(stack.database_url("beds")) == 1
        stack.down()
    assert any("removing the data of the last run" in line for line in said)


def test_data_that_belongs_to_another_broker_is_not_touched(stack):
    stack.up(WISHES)
    stack.down()
    stack.home.origin.write_text('{"broker": "apache", "postgres": "embedded"}')
    with pytest.raises(StackFailed, match="journey reset"):
        stack.up(WISHES)
    assert (stack.home.postgres / "data").exists()
    stack.reset()
    assert not stack.home.postgres.exists()
    stack.up(WISHES)


def test_another_brokers_data_survives_a_restart_of_the_stack(stack, kafka):
    wishes = replace(WISHES, kafka=kafka.bootstrap, topics=[])
    for expected in (1, 2):
        stack.up(wishes)
        assert rows(stack.database_url("beds")) == expected
        stack.down()


def test_on_a_server_run_elsewhere_it_keeps_to_names_of_its_own_and_reset_takes_them_away(stack, kafka, postgres):
    wishes = replace(WISHES, kafka=kafka.bootstrap, postgres=postgres.admin_url, topics=[])
    record = stack.up(wishes)
    assert [state.name for state in stack.status()] == ["beds", "discharge"]
    assert record.postgres_version == postgres.version
    assert "/carejourney_state_beds?" in stack.database_url("beds")
    stack.down()
    with pytest.raises(StackFailed, match="--postgres URL"):
        stack.reset()
    stack.reset(postgres.admin_url)
    with pytest.raises(asyncpg.PostgresError):
        rows(postgres.url("carejourney_state_beds"))


def test_a_killed_parent_leaves_no_process(stack):
    program = (
        "import sys, signal; sys.path.insert(0, sys.argv[2]);"
        "from tests.adapters.local.test_stack import *;"
        "Stack(Home(Path(sys.argv[1]))).up(WISHES); print('up', flush=True); signal.pause()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(stack.home.root), str(ROOT)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout.readline() == "up\n"
    record = stack.record()
    assert len(record.running()) == 4
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert all(child.wait(20) for child in record.children)


def test_a_strangers_recycled_pid_is_left_alone(stack):
    stack.home.root.mkdir()
    stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    recycled = Child(name="beds", pid=stranger.pid, born=birth(os.getpid()) - 1)
    Record(children=[recycled]).write(stack.home.record)
    assert stack.down() == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_spoilt_record_is_named(stack):
    stack.home.root.mkdir()
    stack.home.record.write_text("[]")
    with pytest.raises(StackFailed, match=r"stack\.json is not readable"):
        stack.status()
    stack.home.record.unlink()
