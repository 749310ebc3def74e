"""The gate before published events: what breaks a reader is refused with what to do instead; optional fields pass."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import MISSING, field, make_dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest

from cli.contracts.compatibility import differences
from shared.codec import schema

ROOT = Path(__file__).resolve().parents[2]
NAME = "beds.planted.v1"
FIELDS = {
    "bed_id": UUID,
    "status": Literal["C", "H", "O"],
    "places": int,
    "since_on": date,
    "stay_id": UUID | None,
    "needs": tuple[str, ...],
}


Sex = StrEnum("Sex", {"F": "F", "M": "M"})
OnlyF = StrEnum("OnlyF", {"F": "F"})


def published(key="bed_id", topic="beds-events", default=MISSING, **fields):
    """The schema of a planted event: `FIELDS` with changes; a field changed to None is left out."""
    kinds = {name: kind for name, kind in (FIELDS | fields).items() if kind is not None}
    given = [(name, kind) for name, kind in kinds.items() if name in FIELDS or default is MISSING]
    given += [(name, kind, field(default=default)) for name, kind in kinds.items() if (name, kind) not in given]
    namespace = {"type": NAME, "key": key, "subject": ("bed", "bed_id"), "topic": topic, "__doc__": "Planted."}
    return schema(make_dataclass("Planted", given, namespace=namespace, frozen=True, kw_only=True))


BREAKING = {
    "a field removed": (published(places=None), "field places is gone"),
    "a type changed": (published(places=str), "field places was whole number and is now text"),
    "a wider type": (published(places=float), "field places was whole number and is now number"),
    "an instant for a day": (published(since_on=datetime), "field since_on was day and is now instant"),
    "text for an id": (published(bed_id=str), "field bed_id was UUID and is now text"),
    "a new required field": (published(ward_id=str), "field ward_id is now required, and old records lack it"),
    "an enum value gone": (
        published(status=Literal["C", "O"]),
        "field status was one of C, H, O and is now one of C, O",
    ),
    "an enum value more, which old readers refuse": (
        published(status=Literal["C", "H", "O", "U"]),
        "field status was one of C, H, O and is now one of C, H, O, U",
    ),
    "null where none was": (
        published(places=int | None),
        "field places was whole number and is now whole number or null",
    ),
    "null no more": (published(stay_id=UUID), "field stay_id was UUID or null and is now UUID"),
    "another list": (published(needs=tuple[int, ...]), "field needs was list of text and is now list of whole number"),
    "another key": (published(key="places"), "its key is another"),
    "another topic": (published(topic="bed-state"), "its topic is another"),
}


@pytest.mark.parametrize("what", BREAKING)
def test_a_breaking_change_is_refused_with_the_field_and_what_to_do(what):
    now, fault = BREAKING[what]
    sentences = list(differences(NAME, published(), now))
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{NAME}: {fault}")
    assert "say a new type beds.planted.v2 beside it" in sentences[0]


def test_a_field_that_becomes_optional_is_refused():
    now = published()
    now["required"].remove("places")
    assert "field places was always there and may now be missing" in next(differences(NAME, published(), now))


def test_a_value_gone_from_a_shared_enum_is_refused():
    sentences = list(differences(NAME, published(sex=Sex), published(sex=OnlyF)))
    assert len(sentences) == 1
    assert "field sex was one of F, M and is now one of F" in sentences[0]


def test_a_type_that_is_gone_is_refused():
    assert "the type is gone" in next(differences(NAME, published(), None))


def test_a_new_optional_field_passes_and_stays_for_ever_after():
    wider = published(ward_id=str | None, default=None)
    assert list(differences(NAME, published(), wider)) == []
    assert "field ward_id is gone" in next(differences(NAME, wider, published()))
    required = {**wider, "required": [*wider["required"], "ward_id"]}
    assert "field ward_id is now required" in next(differences(NAME, wider, required))


def test_words_of_a_description_are_free():
    assert list(differences(NAME, published(), {**published(), "description": "Said better."})) == []


@pytest.fixture
def copy(tmp_path):
    """The repository with its generated files in a git repository of its own, on a branch off `main`."""
    for folder in ("services", "shared", "cli", "deploy", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "synthea"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "As published")
    git(tmp_path, "switch", "-q", "-c", "change")
    return tmp_path


def git(folder, *arguments):
    subprocess.run([shutil.which("git"), *arguments], cwd=folder, check=True, capture_output=True)


def generate(folder, *arguments):
    """The real `python -m cli.generated`, as `make generated` and `make check` run it."""
    program = [sys.executable, "-m", "cli.generated", *arguments]
    return subprocess.run(program, cwd=folder, check=False, capture_output=True, text=True)


def edit(path, pattern, replacement):
    text, times = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
    assert times == 1
    path.write_text(text)


def test_what_breaks_is_never_written_and_is_found_though_its_schema_was_thrown_away(copy):
    schema_file = copy / "docs/schemas/events/beds.bed-reserved.v1.schema.json"
    before = schema_file.read_text()
    edit(copy / "shared/messages/beds/stays.py", r"(class BedReserved:.*?)    ward_id: str\n", r"\1")

    written = generate(copy)
    assert (written.returncode, schema_file.read_text()) == (1, before)
    assert "beds.bed-reserved.v1: field ward_id is gone. Leave beds.bed-reserved.v1 as it was" in written.stderr

    schema_file.unlink()
    assert "field ward_id is gone" in generate(copy).stderr
    assert not schema_file.exists()


def test_an_optional_field_is_written_and_a_stored_example_is_never_rewritten(copy):
    edit(
        copy / "shared/messages/beds/stays.py",
        r"(class BedReleased:.*?aggregate_version: int\n)",
        r"\1    ward: str = ''\n",
    )
    assert generate(copy).returncode == 0
    assert (
        "ward" in json.loads((copy / "docs/schemas/events/beds.bed-released.v1.schema.json").read_text())["properties"]
    )
    assert generate(copy, "--check").returncode == 0

    example = copy / "shared/messages/examples/beds.bed-released.v1/1.json"
    example.write_text(example.read_text().replace('"aggregate_version": 1', '"aggregate_version": 2'))
    checked = generate(copy, "--check")
    assert checked.returncode == 1
    assert "beds.bed-released.v1/1.json: a stored example is for ever" in checked.stderr
