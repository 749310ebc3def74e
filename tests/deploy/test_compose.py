"""The compose file: what the specification's own reader says of it, and what we want of it beyond that."""

import json
import os
import re
import subprocess
from urllib.parse import urlsplit

import asyncpg
import pytest
import yaml

from deploy.local.databases import run_apart
from deploy.local.jars import kafka_version
from deploy.local.layout import SERVICES
from deploy.local.postgres import programs
from services.beds.settings import BedsSettings
from services.console.app import ConsoleSettings
from services.discharge.settings import DischargeSettings
from services.registration.settings import RegistrationSettings
from shared.settings import Settings
from tests.support.manifests import DEPLOY, EXAMPLE, VARIABLE, compose_file
from tests.support.tools import compose_reader

NAMES = [service.name for service in SERVICES]
SETTINGS = {
    "registration": RegistrationSettings,
    "beds": BedsSettings,
    "discharge": DischargeSettings,
    "console": ConsoleSettings,
}
GIVEN_BY_OTHERS = {"SMTP_PASSWORD"}


@pytest.fixture(scope="module")
def compose():
    """The compose file, read with the example's settings."""
    return compose_file()


def read_by_the_specification(model, tmp_path):
    """What the specification's reader says of a compose model."""
    file = tmp_path / "compose.yaml"
    file.write_text(json.dumps(model))
    return subprocess.run([compose_reader(), file], cwd=tmp_path, capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
def test_the_specifications_own_reader_takes_it(compose, tmp_path):
    answer = read_by_the_specification(compose, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert set(yaml.safe_load(answer.stdout)["services"]) == set(compose["services"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("service", "fault"),
    [("beds", {"depend_on": []}), ("kafka", {"healthcheck": {"every": "5s"}}), ("grafana", {"mem_limit": ["1g"]})],
)
def test_the_reader_would_have_said_so(compose, tmp_path, service, fault):
    spoilt = json.loads(json.dumps(compose))
    spoilt["services"][service] |= fault
    assert read_by_the_specification(spoilt, tmp_path).returncode != 0


def test_it_runs_every_service_from_its_own_image_after_its_migration_and_the_topics(compose):
    for name in NAMES:
        service, job = compose["services"][name], compose["services"][f"migrate-{name}"]
        assert service["build"]["args"] == {"SERVICE": name}
        assert service["image"] == job["image"]
        assert service["environment"] == job["environment"], "a job checks the very settings that the service gets"
        assert job["command"] == ["migrate"]
        assert job["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        done = {"condition": "service_completed_successfully"}
        assert service["depends_on"] == {f"migrate-{name}": done, "topics": done}


def test_every_service_has_a_database_and_a_user_of_its_own(compose):
    for name in NAMES:
        address = urlsplit(compose["services"][name]["environment"]["JOURNEY_DATABASE_URL"])
        assert (address.username, address.path) == (name, f"/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_told_only_what_it_knows_and_all_that_it_needs(compose, name):
    known = SETTINGS.get(name, Settings).model_fields
    told = {key.removeprefix("JOURNEY_").lower() for key in compose["services"][name]["environment"]}
    assert told <= known.keys()
    given_by_the_image = {"http_host", "http_port", "jwks", "service"}
    assert {field for field, about in known.items() if about.is_required()} <= told | given_by_the_image


def test_our_containers_have_no_way_to_change_themselves_or_to_rise(compose):
    ours = [each for name, each in compose["services"].items() if name not in {"postgres", "kafka"}]
    for service in ours:
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert all("mem_limit" in service and "privileged" not in service for service in compose["services"].values())


def test_every_image_has_a_version(compose):
    for service in compose["services"].values():
        _, _, tag = service["image"].rpartition(":")
        assert re.search(r"\d+\.\d+", tag), service["image"]
    assert compose["services"]["kafka"]["image"].endswith(f":{kafka_version()}"), "what the tests run against"


def test_ports_open_on_the_loopback_unless_told_otherwise(compose):
    opened = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert opened
    assert all(port.startswith("127.0.0.1:") for port in opened)
    assert not any("ports" in compose["services"][server] for server in ("postgres", "kafka"))


def test_every_variable_is_in_the_example_and_no_secret_is_in_the_file():
    text = (DEPLOY / "compose.yaml").read_text()
    assert {found[1] for found in VARIABLE.finditer(text)} - {"BIND_ADDRESS"} == EXAMPLE.keys() - {"BIND_ADDRESS"}
    for name in GIVEN_BY_OTHERS:
        assert EXAMPLE[name] == ""
    for name, value in EXAMPLE.items() - {(name, "") for name in GIVEN_BY_OTHERS}:
        assert (value == "generate") == name.endswith("PASSWORD")
        mentions = [found for found in VARIABLE.finditer(text) if found[1] == name and "PASSWORD" in name]
        assert all(found[2] == "?" for found in mentions), f"{name} has no value of its own"


def test_what_a_container_names_is_declared(compose):
    for service in compose["services"].values():
        assert set(service.get("depends_on", ())) <= compose["services"].keys()
        assert set(service.get("secrets", ())) <= compose["secrets"].keys()
        sources = {mount.split(":")[0] for mount in service.get("volumes", ())}
        assert {source for source in sources if not source.startswith(".")} <= compose["volumes"].keys()


def test_what_is_mounted_is_there(compose):
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source


def test_prometheus_asks_every_service_as_a_job_named_like_it():
    told = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in told["scrape_configs"]}
    assert jobs == {name: [f"{name}:8000"] for name in NAMES} | {"prometheus": ["localhost:9090"]}


def test_grafana_finds_prometheus_and_the_dashboards(compose):
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/carejourney.yaml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    assert f"./grafana:{folder}:ro" in compose["services"]["grafana"]["volumes"]


def test_a_new_server_gets_a_database_a_service_and_no_user_enters_anothers(postgres):
    admin = urlsplit(postgres.admin_url)
    passwords = {f"{name.upper()}_PASSWORD": f"Secret{number}" for number, name in enumerate(NAMES)}
    socket = admin.query.removeprefix("host=").replace("%2F", "/")
    told = {"PGHOST": socket, "PGPASSWORD": admin.password, "POSTGRES_USER": admin.username}
    path = f"{programs()}:{os.environ['PATH']}"
    try:
        subprocess.run([DEPLOY / "postgres/databases.sh"], env=passwords | told | {"PATH": path}, check=True)
        for number, name in enumerate(NAMES):
            other = NAMES[number - 1]
            assert run_apart(enters(socket, name, f"Secret{number}", name)) == name
            assert run_apart(enters(socket, name, f"Secret{number}", other)) is None
            assert run_apart(enters(socket, name, "wrong", name)) is None
    finally:
        for name in NAMES:
            postgres.execute(f'DROP DATABASE IF EXISTS "{name}"')
            postgres.execute(f'DROP ROLE IF EXISTS "{name}"')


async def enters(socket, user, password, database):
    """The owner of the database that was entered, or None where the server would not let us in."""
    try:
        connection = await asyncpg.connect(host=socket, user=user, password=password, database=database)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError):
        return None
    try:
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        return await connection.fetchval(owner)
    finally:
        await connection.close()
