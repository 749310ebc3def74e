"""The files of deploy/ as they are applied: compose's with its variables filled in, Kubernetes' overlays rendered.

Invariant: nothing is changed on the way; what a test wants otherwise it changes in a copy.
"""

import re
import subprocess
from functools import cache
from pathlib import Path

import yaml

from tests.support.tools import kustomize

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
K8S = DEPLOY / "k8s"
OVERLAYS = ("single-node", "high-availability")
SOURCES = "sources"
WORKLOADS = ("StatefulSet", "Job", "CronJob")
BY_HAND = ("backup", "restore")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
EXAMPLE = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", (DEPLOY / ".env.example").read_text()))


def compose_file(**told):
    """The compose file with the example's settings and these, filled in as compose does: after it has been parsed."""
    return filled_in(yaml.safe_load((DEPLOY / "compose.yaml").read_text()), EXAMPLE | told)


def filled_in(value, told):
    """A part of the file with its variables filled in."""
    if isinstance(value, dict):
        return {key: filled_in(each, told) for key, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each, told) for each in value]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(lambda found: told.get(found[1]) or (found[3] if found[2] == "-" else ""), value)


@cache
def rendered(overlay):
    """Every resource of an overlay; of `SOURCES`, as they are written: that needs no program."""
    if overlay == SOURCES:
        files = [path for path in K8S.rglob("*.yaml") if path.name != "kustomization.yaml"]
        return [each for path in files for each in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)]
    said = subprocess.run([*kustomize(), K8S / overlay], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return list(yaml.load_all(said.stdout, Loader=yaml.CSafeLoader))


def of_kind(overlay, *kinds):
    """Resources of these kinds by name."""
    return {each["metadata"]["name"]: each for each in rendered(overlay) if each["kind"] in kinds}


def pod_of(workload):
    """What its pods are."""
    spec = workload["spec"]
    return (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]["spec"]


def containers(workload):
    """Its containers, those that run first included."""
    pod = pod_of(workload)
    return [*pod.get("initContainers", []), *pod["containers"]]


def every_container(overlay):
    """(workload, container) for all of an overlay."""
    found = of_kind(overlay, *WORKLOADS)
    return [(name, container) for name, workload in found.items() for container in containers(workload)]
