"""A program in another language reads the beds' events by what is published, and nothing else of ours."""

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path

from deploy.local.jars import cached_jars, find_java
from shared.provisioning import create_topics
from tests.support.topics import example_record, produce

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90


def with_header(record, name, value):
    return replace(record, headers=tuple((key, value if key == name else old) for key, old in record.headers))


async def lines_of(program, count):
    """The first lines that a program prints; it is ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        *program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        async with asyncio.timeout(SECONDS):
            return [(await process.stdout.readline()).decode().strip() for _ in range(count)]
    finally:
        process.kill()
        await process.wait()


async def test_a_java_program_reads_beds_events_by_their_published_schemas(apache_kafka):
    await asyncio.to_thread(create_topics, apache_kafka.bootstrap)
    reserved = example_record("beds.bed-reserved.v1")
    fields = json.loads(reserved.value)
    newer = replace(reserved, value=json.dumps(fields | {"added_later": 1}).encode())
    unknown = with_header(reserved, "ce_type", b"beds.bed-reserved.v9")
    broken = replace(reserved, value=json.dumps({"stay_id": fields["stay_id"]}).encode())
    last = example_record("beds.patient-admitted.v1")
    await produce(apache_kafka.bootstrap, [reserved, newer, unknown, broken, last])

    program = [find_java().program, "-cp", f"{cached_jars()}/*", "docs/examples/BedsEvents.java"]
    said = await lines_of([*program, apache_kafka.bootstrap, "docs/schemas/events"], 4)

    ids = [dict(record.headers)["ce_id"].decode() for record in (reserved, last)]
    whole = f"beds.bed-reserved.v1 {ids[0]} " + " ".join(f"{name}={fields[name]}" for name in fields)
    assert said[:2] == [whole, whole]
    assert said[2] == f"beds.bed-reserved.v1 {ids[0]} lacks patient_id"
    assert said[3].startswith(f"beds.patient-admitted.v1 {ids[1]} stay_id={fields['stay_id']}")
