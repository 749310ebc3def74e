"""Hooks and workflows do what a person does by hand, and links in documents lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
DOCUMENTS = [*ROOT.glob("*.md"), *(path for folder in ("docs", "services") for path in (ROOT / folder).rglob("*.md"))]
LINK = re.compile(r"\]\(((?!https?:|mailto:)[^)\s]*)\)")


def commands():
    """Every command of hooks and workflows."""
    hooks = [hook["entry"] for repository in HOOKS["repos"] for hook in repository["hooks"]]
    jobs = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
    return hooks + [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_hooks_and_workflows_run_make_targets_and_nothing_else():
    found = [re.fullmatch(r"make ([a-z-]+)( ARGS=.*)?", command) for command in commands()]
    assert found
    assert all(found)
    assert {target.group(1) for target in found} <= TARGETS


def test_hooks_fetch_nothing():
    assert [repository["repo"] for repository in HOOKS["repos"]] == ["local"]
    checked = [sys.executable, "-m", "pre_commit", "validate-config"]
    assert subprocess.run(checked, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_an_issue_form_is_readable(path):
    form = yaml.safe_load(path.read_text())
    questions = [part for part in form.get("body", ()) if part["type"] != "markdown"]
    assert path.name == "config.yml" or questions
    assert len({part["id"] for part in questions}) == len(questions)


def anchors(path):
    """What can be linked to in a document, as the usual hosts make it."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_somewhere(document):
    for link in LINK.findall(document.read_text()):
        target, _, anchor = link.partition("#")
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link
