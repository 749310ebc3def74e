"""Every snippet of docs/consume.md, run as it stands against the running suite: each prints what the page says."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.topics import example_record, produce

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/consume.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROGRAMS = {re.match(r"# (\w+\.py)", text)[1]: text for language, text in BLOCKS if language == "python"}
SETUP = BLOCKS[0][1]
COMMANDS = [
    (text, following[1].strip() if following[0] == "text" else "")
    for (language, text), following in zip(BLOCKS[1:], [*BLOCKS[2:], ("", "")], strict=True)
    if language == "bash"
]
IN_JAVA = next(command for command, _ in COMMANDS if "java" in command)
SECONDS = 90


def name_of(command):
    """What a command runs, for pytest."""
    return re.search(r"topics|\w+\.py|curl|\w+\.java", command)[0]


@pytest.fixture(scope="module")
def folder(stack, tmp_path_factory):
    """A folder like the reader's, with the programs of the page in it; the suite has said something."""
    place = tmp_path_factory.mktemp("reader")
    (place / ".venv").symlink_to(sys.prefix)
    (place / ".local").mkdir()
    (place / ".local/demo").symlink_to(stack.home.root)
    (place / "docs").symlink_to(ROOT / "docs")
    for name, text in PROGRAMS.items():
        (place / name).write_text(text)
    said = ("registration.patient-arrived.v1", "beds.patient-admitted.v1", "beds.bed-state.v1")
    asyncio.run(produce(stack.record.kafka, [example_record(name) for name in said]))
    return place


@pytest.fixture(scope="module")
def environment(folder):
    """What the page's first snippet sets."""
    plain = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    program = ["/bin/bash", "-euc", f"{SETUP}\nenv -0"]
    ran = subprocess.run(program, cwd=folder, env=plain, capture_output=True, text=True, check=True, timeout=SECONDS)
    return dict(pair.split("=", 1) for pair in ran.stdout.split("\0") if pair)


@contextmanager
def output_of(command, folder, environment) -> Iterator[Iterator[str]]:
    """The lines that a snippet prints, as they come; whatever it started is ended afterwards, at the latest in time."""
    running = subprocess.Popen(
        ["/bin/bash", "-euc", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = threading.Timer(SECONDS, os.killpg, (running.pid, signal.SIGKILL))
    deadline.start()
    try:
        yield iter(running.stdout)
    finally:
        deadline.cancel()
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def test_the_page_tells_how_to_run_each_program_and_what_it_prints():
    assert [name_of(command) for command, _ in COMMANDS if name_of(command) in PROGRAMS] == list(PROGRAMS)
    assert all(prints for _, prints in COMMANDS)


@pytest.mark.parametrize(
    ("command", "prints"),
    [one for one in COMMANDS if one[0] != IN_JAVA],
    ids=[name_of(command) for command, _ in COMMANDS if command != IN_JAVA],
)
def test_a_snippet_prints_what_the_page_says(command, prints, folder, environment):
    if "curl" in command and not shutil.which("curl"):
        pytest.skip("needs curl")
    heard = []
    with output_of(command, folder, environment) as lines:
        for line in lines:
            heard.append(line)
            if prints in line:
                return
    pytest.fail(f"{prints!r} was not printed, but: {''.join(heard)}")


def test_a_program_in_another_language_reads_by_the_published_schemas_alone(stack, folder, environment):
    if stack.record.kafka_kind != "apache":
        pytest.skip("needs Apache Kafka: Java 17 or newer, and Maven")
    reserved, last = example_record("beds.bed-reserved.v1"), example_record("beds.admission-queued.v1")
    fields = json.loads(reserved.value)
    newer = replace(reserved, value=json.dumps(fields | {"added_later": 1}).encode())
    unknown = replace(reserved, headers=(*reserved.headers, ("ce_type", b"beds.bed-reserved.v9")))
    broken = replace(reserved, value=json.dumps({"stay_id": fields["stay_id"]}).encode())
    asyncio.run(produce(stack.record.kafka, [reserved, newer, unknown, broken, last]))

    event_id = dict(reserved.headers)["ce_id"].decode()
    whole = f"beds.bed-reserved.v1 {event_id} " + " ".join(f"{name}={fields[name]}" for name in fields)
    with output_of(IN_JAVA, folder, environment) as lines:
        said = [next(line for line in lines if line.startswith("beds.")).strip() for _ in range(5)]
    assert said[0].startswith(f"{dict(COMMANDS)[IN_JAVA]} ")
    assert said[1:3] == [whole, whole]
    assert said[3] == f"beds.bed-reserved.v1 {event_id} lacks patient_id"
    assert said[4].startswith("beds.admission-queued.v1")
