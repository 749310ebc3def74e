"""Backup and restore on one node: every service once, with its own key to its own database, and the commands exist."""

import pytest
from typer.main import get_command

from cli.backup import NAMES
from cli.main import application
from tests.support.dockerfile import image_of
from tests.support.manifests import BY_HAND, containers, of_kind, pod_of

pytestmark = pytest.mark.timeout(600)
NOT_BACKED_UP = {"simulator"}
USER = int(image_of("operations", "operations").said("USER").partition(":")[0])


def workload(name):
    """The job of a folder."""
    return of_kind(name, "Job", "CronJob")[name]


def environment(container):
    """What it is told, secrets by their name."""
    return {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]}


def test_every_service_is_backed_up_once_with_its_own_secret_only():
    jobs = {container["args"][1]: container for container in containers(workload("backup"))}
    assert jobs.keys() == set(NAMES) - NOT_BACKED_UP
    for name, container in jobs.items():
        assert container["name"] == name
        assert {environment(container)[each] for each in ("DATABASE_USER", "DATABASE_PASSWORD")} == {f"{name}-database"}
    assert workload("backup")["spec"]["concurrencyPolicy"] == "Forbid"


@pytest.mark.parametrize("folder", BY_HAND)
def test_its_command_is_one_that_journey_has(folder):
    commands = get_command(application(["cli.backup"])).commands
    for container in containers(workload(folder)):
        command, *arguments = container["args"]
        commands[command].make_context(command, list(arguments))


@pytest.mark.parametrize("folder", BY_HAND)
def test_what_it_reads_and_writes_is_mounted_and_its_users(folder):
    pod = pod_of(workload(folder))
    claims = {each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each}
    there = of_kind("single-node", "PersistentVolumeClaim").keys() | of_kind("backup", "PersistentVolumeClaim").keys()
    assert claims <= there
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"] == USER
    for container in containers(workload(folder)):
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        told = [*container["args"], environment(container).get("JOURNEY_MATERIALS", "/tmp")]  # noqa: S108
        assert all(any(path.startswith(mount) for mount in mounts) for path in told if path.startswith("/"))


@pytest.mark.parametrize(("folder", "ports"), [("backup", {53, 5432}), ("restore", {53, 5432, 9092})])
def test_it_reaches_the_servers_and_they_let_it_in(folder, ports):
    policy = of_kind(folder, "NetworkPolicy")[folder]["spec"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == ports
    job = workload(folder)["spec"]
    labels = (job.get("jobTemplate", {"spec": job})["spec"])["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    for server in ("postgres", "kafka"):
        (rule,) = of_kind("single-node", "NetworkPolicy")[server]["spec"]["ingress"]
        assert any(each["podSelector"]["matchLabels"].items() <= labels.items() for each in rule["from"])
