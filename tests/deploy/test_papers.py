"""The page that ops read names every setting and every secret, in both languages."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from services.beds.settings import BedsSettings
from services.console.app import ConsoleSettings
from services.discharge.settings import DischargeSettings
from services.registration.settings import RegistrationSettings
from shared.settings import PREFIX

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PAPERS = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("settings", [BedsSettings, DischargeSettings, ConsoleSettings, RegistrationSettings])
def test_every_setting_is_explained(paper, settings):
    named = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", (DEPLOY / paper).read_text()))
    told_by_the_program = {"service"}
    missing = {f"{PREFIX}{field.upper()}" for field in settings.model_fields.keys() - told_by_the_program} - named
    assert not missing, f"add to the table of settings in deploy/{paper}"


@pytest.mark.parametrize("paper", PAPERS)
def test_every_secret_of_the_manifests_is_explained(paper):
    named = (DEPLOY / paper).read_text()
    texts = [path.read_text() for path in (DEPLOY / "k8s").rglob("*.yaml")]
    found = {name for text in texts for name in re.findall(r"secretKeyRef: \{name: ([a-z-]+)", text)}
    assert {"postgres-admin", "registration-mail", "registration-materials"} < found
    assert {name for name in found if not name.endswith("-database") and f"`{name}`" not in named} == set()
    assert "`SERVICE-database`" in named


@pytest.mark.parametrize("paper", PAPERS)
def test_its_links_to_files_lead_somewhere(paper):
    targets = re.findall(r"\]\((?!http|#)([^)#]+)", (DEPLOY / paper).read_text())
    assert [target for target in targets if not (DEPLOY / target).exists()] == []


def test_every_file_names_the_version_of_the_project():
    version = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["version"]
    tags = {
        image["newTag"]
        for path in (DEPLOY / "k8s").rglob("kustomization.yaml")
        for image in yaml.safe_load(path.read_text()).get("images", [])
    }
    assert tags == {version}
    assert f"CAREJOURNEY_VERSION={version}\n" in (DEPLOY / ".env.example").read_text()
    assert f"VERSION ?= {version}\n" in (DEPLOY.parent / "Makefile").read_text()
