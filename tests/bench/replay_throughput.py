"""How fast topics are recorded, checked and played, and how much memory that takes.

`.venv/bin/python -m tests.bench.replay_throughput 1000000` on an Apache Kafka of its own: events of about 240 bytes
with eleven headers, 12 partitions. Each command runs as its users run it; memory is the most that its
process ever held.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from shared.broker import producer
from tests.adapters.replay.hospital import Hospital, new_hospital, patients
from tests.support.kafka import own_broker

ROUND = 12_000
JOURNEY = (sys.executable, "-m", "cli.main", "replay")


def main(records: int) -> None:
    """Measure, and say so."""
    with TemporaryDirectory(prefix="carejourney-bench-") as name, own_broker(Path(name)) as kafka:
        folder, at = Path(name), ("--kafka", kafka.bootstrap, "--state", name)
        say(f"load of the machine {os.getloadavg()[0]:.1f}")
        hospital = asyncio.run(_fill(kafka.bootstrap, folder, records))
        path = folder / "day"
        measured("record", records, "record", path, "--topic", hospital.topic, *at)
        say(f"         {path.stat().st_size / records:.0f} bytes a record")
        measured("verify", records, "verify", path)
        measured("play", records, "play", path, "--lane", "checked", *at)
        measured("as it is", records, "play", path, "--lane", "asitis", "--as-it-is", *at)


def measured(what: str, records: int, *arguments: object) -> None:
    """Run a command; its rate and its memory."""
    began = monotonic()
    running = subprocess.Popen([*JOURNEY, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wrong = running.stderr.read() if running.stderr else b""
    _, status, usage = os.wait4(running.pid, 0)
    seconds = monotonic() - began
    if status:
        raise SystemExit(wrong.decode())
    say(f"{what:<9}{records / seconds:>9,.0f} records/s  {usage.ru_maxrss / 1024:5.0f} MiB  {seconds:6.1f} s")


async def _fill(bootstrap: str, folder: Path, records: int) -> Hospital:
    hospital = await new_hospital(bootstrap, folder, partitions=12)
    some = patients(ROUND, seconds=0.001)
    kafka = producer(bootstrap, "bench")
    await kafka.start()
    for number in range(records // ROUND + 1):
        left = some[: records - number * ROUND]
        sent = []
        for partition in range(12):
            batch = kafka.create_batch()
            for key, value, headers, time in left[partition::12]:
                batch.append(key=key, value=value, headers=list(headers), timestamp=time + number * ROUND)
            if batch.record_count():
                sent.append(await kafka.send_batch(batch, hospital.topic, partition=partition))
        await asyncio.gather(*sent)
    await kafka.stop()
    return hospital


def say(line: str) -> None:
    """One line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
