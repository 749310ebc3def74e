"""A hospital on Apache Kafka, whose topics are recorded and played."""

import pytest

from tests.adapters.replay.hospital import new_hospital


@pytest.fixture
async def hospital(apache_kafka, tmp_path):
    return await new_hospital(apache_kafka.bootstrap, tmp_path)
