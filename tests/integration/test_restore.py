"""A database is lost and comes back from its backup, and what was said since comes again from Kafka."""

import asyncio
import json
import time
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner

from cli.main import application
from deploy.local.issuer import Issuer
from deploy.local.layout import SERVICES, Home
from deploy.local.stack import Stack
from deploy.local.starting import Wishes
from shared.auth import Role
from shared.broker import PARTITIONS
from shared.ids import new_id
from tests.support.folders import folder

WISHES = Wishes(kafka="apache", tied=True, services=[one for one in SERVICES if one.name in {"registration", "beds"}])
NEED = {"source": "clinic", "specialty": "cardiology", "campus_id": "main", "admission_class": "B"}
TOPIC = "registration-events"
SECONDS = 60.0


class Hospital:
    """A stack of registration and beds, and what a client does with it."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.stack = Stack(self.home)

    def journey(self, *arguments: object):
        """Run a command on this stack; its JSON."""
        ran = CliRunner().invoke(application(), [*map(str, arguments), "--json", "--state", str(self.home.root)])
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def ask_for_a_bed(self) -> None:
        """Register an invented patient and write an admission request."""
        patient_id = str(new_id())
        patient = {"name": "Invented Person", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}
        self._post("/patients", Role.FRONT_DESK, {"patient_id": patient_id, **patient})
        encounters = [{"encounter_id": f"e-{patient_id}", "encounter_class": "inpatient"}]
        request = {"request_id": str(new_id()), "patient_id": patient_id, "encounters": encounters, **NEED}
        self._post("/admission-requests", Role.CLINICIAN, {**request, "department_cmi": 1.0, "expected_days": 3})

    def _post(self, path: str, role: Role, body: dict) -> None:
        token = Issuer(self.home.root).token(role, "test")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        url = self.stack.record().urls["registration"]
        answer = httpx.post(f"{url}{path}", json=body, headers=headers, timeout=SECONDS, trust_env=False)
        assert answer.status_code == 201, answer.text

    def waiting(self) -> int:
        """How many wait for a bed, as beds knows."""
        return self._beds(lambda beds: beds.fetchval("SELECT count(*) FROM admission_request"))

    def comes_to(self, wanted: int) -> None:
        """Wait until beds knows of so many."""
        deadline = time.monotonic() + SECONDS
        while (waiting := self.waiting()) != wanted:
            assert time.monotonic() < deadline, waiting

    def acknowledges(self) -> None:
        """Wait until beds has told Kafka that it took everything; it does so a few times a second."""
        deadline = time.monotonic() + SECONDS
        while missing := asyncio.run(self._unacknowledged()):
            assert time.monotonic() < deadline, missing

    async def _unacknowledged(self) -> int:
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.stack.record().kafka, group_id="beds", enable_auto_commit=False
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(places)
            return sum([end - (await consumer.committed(place) or 0) for place, end in ends.items()])
        finally:
            await consumer.stop()

    def lose_beds(self) -> None:
        """Every table of beds is gone."""
        self._beds(lambda beds: beds.execute("DROP SCHEMA public CASCADE"))

    def _beds(self, ask):
        async def asked():
            connection = await asyncpg.connect(self.stack.database_url("beds"))
            try:
                return await ask(connection)
            finally:
                await connection.close()

        return asyncio.run(asked())


@pytest.fixture
def hospital(apache_kafka):  # noqa: ARG001 - skips where Apache Kafka cannot be had
    """The hospital, up."""
    with folder("restore") as root:
        hospital = Hospital(root)
        hospital.stack.up(WISHES)
        try:
            yield hospital
        finally:
            hospital.stack.down()
            hospital.stack.reset()


@pytest.mark.timeout(300)
def test_a_lost_database_comes_back_and_what_was_said_since_comes_again(hospital, tmp_path):
    key = tmp_path / "backup.key"
    hospital.journey("backup", "--new-key", key)
    hospital.ask_for_a_bed()
    hospital.comes_to(1)
    (made,) = hospital.journey("backup", "beds", "--to", tmp_path, "--key", key)
    hospital.ask_for_a_bed()
    hospital.comes_to(2)
    hospital.acknowledges()
    hospital.lose_beds()
    hospital.stack.down()

    restored = hospital.journey("restore", made["file"], "--key", key)
    assert restored["restored"] == [{name: value for name, value in made.items() if name != "file"}]
    assert restored["records_to_read_again"]["beds"] > 0
    hospital.stack.up(WISHES)
    hospital.comes_to(2)
