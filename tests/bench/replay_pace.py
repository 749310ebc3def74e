"""How exactly a replay at 1x keeps the recorded distances, by the broker's own clock.

`.venv/bin/python -m tests.bench.replay_pace 60` plays that many seconds, 50 records a second at random distances, into
a lane whose topic takes the time of arrival (`LogAppendTime`). An error is how far a record came from where its time
says, against the median of all.
"""

import asyncio
import os
import random
import statistics
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from shared.ids import new_id
from shared.lanes import Lane
from shared.replay.pace import Pace
from shared.replay.plan import plan
from shared.replay.player import play
from tests.adapters.replay.hospital import BEGAN, event_record, new_hospital, registered, silently
from tests.support.kafka import own_broker

A_SECOND = 50
LANE = "pace"


def main(seconds: int) -> None:
    """Measure, and say so."""
    with TemporaryDirectory(prefix="carejourney-bench-") as folder, own_broker(Path(folder)) as kafka:
        errors = sorted(map(abs, asyncio.run(_errors(kafka.bootstrap, Path(folder), seconds))))
    parts = {name: errors[int(len(errors) * share)] for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    figures = "  ".join(f"{name} {error:.0f} ms" for name, error in {**parts, "most": errors[-1]}.items())
    sys.stdout.write(f"load of the machine {os.getloadavg()[0]:.1f}\n{len(errors)} records at 1x: {figures}\n")


async def _errors(bootstrap: str, folder: Path, seconds: int) -> list[float]:
    hospital = await new_hospital(bootstrap, folder)
    chance = random.Random(7)  # noqa: S311 - distances, not secrets
    times = sorted(BEGAN + timedelta(seconds=chance.uniform(0, seconds)) for _ in range(seconds * A_SECOND))
    await hospital.put_fast([event_record(registered(new_id(), at=at), at) for at in times])
    path = await hospital.recorded()
    topic = NewTopic(Lane(LANE).topic(hospital.topic), 3, 1, config={"message.timestamp.type": "LogAppendTime"})
    admin = AdminClient({"bootstrap.servers": bootstrap})  # it has to live until its answer is there
    admin.create_topics([topic])[topic.topic].result(30)
    await play(plan(hospital.wishes(path, LANE)), Pace(1.0), silently)
    due, came = await hospital.kept(), await hospital.kept(LANE)
    late = [b[0] - a[0] for place in due for a, b in zip(due[place], came[place], strict=True)]
    middle = statistics.median(late)
    return [each - middle for each in late]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
