"""The gate: what has been published stays readable, and who could read it can read what comes.

Two sets of values are compared for every type, by the library jsoncompat: what was emitted must fit the new closed
schema (old records, new reader), and what will be emitted must fit the old one left open (new records, old reader).
So a new optional field passes and nothing else does. The library is one of the developers' requirements.

Invariant: nothing leads round it. `make generated` does not write over a published schema what breaks it; and it, like
`make check`, compares with what stood where the branch left `main` too, where git knows that.
"""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsoncompat import check_compat

from cli.contracts.kinds import kind

Schema = dict[str, Any]

SCHEMAS = Path("docs/schemas/events")
EXAMPLES = Path("shared/messages/examples")
SUFFIX = ".schema.json"
MAIN = ("origin/main", "main")
FIXED = {"x-topic": "topic", "x-key": "key", "x-subject": "aggregate"}
NOTES = {"$schema", "$id", "$defs", "title", "description", "default"}


def broken(root: Path, now: Mapping[str, Schema]) -> list[str]:
    """A sentence for everything that breaks what was published; `now` are the schemas of the code by their type."""
    here = {path.relative_to(root): path.read_bytes() for path in (root / SCHEMAS).glob(f"*{SUFFIX}")}
    sentences = [sentence for files in (here, at_fork(root)) for sentence in _broken(root, files, now)]
    return list(dict.fromkeys(sentences))


def differences(name: str, old: Schema, new: Schema | None) -> Iterator[str]:
    """What of a published schema the new one breaks, each with what to do instead."""
    if new is None:
        yield f"{name}: the type is gone. Its records stay on the topic: keep its class, though nobody says it now."
        return
    faults = [f"its {what} is another" for mark, what in FIXED.items() if mark in old and old[mark] != new[mark]]
    faults += _faults_of_fields(old, new)
    if not faults and not _fits(old, new):
        faults = ["its shape is another"]
    stem, _, version = name.rpartition(".v")
    for fault in faults:
        yield (
            f"{name}: {fault}. Leave {name} as it was published, say a new type {stem}.v{int(version) + 1} beside it "
            "with the same aggregate_version, and end the old one when nobody reads it (ARCHITECTURE.md, section 10)."
        )


def at_fork(root: Path) -> dict[Path, bytes]:
    """Published schemas and stored examples where the branch left `main`; nothing where git cannot tell."""
    for main in MAIN:
        commit = _git(root, "merge-base", "HEAD", main)
        if commit:
            archive = _git(root, "archive", "--format=tar", commit.decode().strip(), str(SCHEMAS), str(EXAMPLES))
            return _files(archive) if archive else {}
    return {}


def _broken(root: Path, files: Mapping[Path, bytes], now: Mapping[str, Schema]) -> Iterator[str]:
    for path in sorted(files):
        if path.parent == SCHEMAS:
            name = path.name.removesuffix(SUFFIX)
            yield from differences(name, json.loads(files[path]), now.get(name))
        elif not (root / path).is_file() or (root / path).read_bytes() != files[path]:
            yield f"{path}: a stored example is for ever. Bring it back as it was, and add another beside it."


def _faults_of_fields(old: Schema, new: Schema) -> Iterator[str]:
    was, becomes = old["properties"], new["properties"]
    for field in was:
        if field not in becomes:
            yield f"field {field} is gone"
        elif not _fits(_alone(old, field), _alone(new, field)):
            before, after = (kind(schema["properties"][field], schema.get("$defs", {})) for schema in (old, new))
            yield f"field {field} was {before} and is now {after}"
        elif field in old["required"] and field not in new["required"]:
            yield f"field {field} was always there and may now be missing"
    for field in becomes:
        if field in new["required"] and field not in old["required"]:
            yield f"field {field} is now required, and old records lack it (with a default it would be optional)"


def _alone(schema: Schema, field: str) -> Schema:
    """What one field takes, with what it refers to."""
    return {**schema["properties"][field], "$defs": schema.get("$defs", {})}


def _fits(old: Schema, new: Schema) -> bool:
    """Whether old records fit the new schema, and new records the old one left open."""
    return check_compat(_comparable(old), _comparable(new), "deserializer") and check_compat(
        _comparable(old, closed=False), _comparable(new, closed=False), "serializer"
    )


def _comparable(schema: Schema, *, closed: bool = True) -> str:
    """The schema as jsoncompat is to compare it: whole, without notes, open on demand.

    Draft 2020-12 makes a format a mere note. Here it is the type of the field: a constant of its name stands for it.
    """

    def plain(node: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(node, list):
            return [plain(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return plain(schema["$defs"][node["$ref"].rpartition("/")[2]])
        if "format" in node:
            return {"const": f"a {node['format']}"}
        fields = {name: plain(field) for name, field in node.get("properties", {}).items()}
        dropped = NOTES | {"properties"} | (set() if closed else {"additionalProperties"})
        kept = {name: plain(value) for name, value in node.items() if name not in dropped and not name.startswith("x-")}
        return kept | ({"properties": fields} if fields else {})

    return json.dumps(plain(schema))


def _git(root: Path, *arguments: str) -> bytes:
    """What git answers; nothing where there is no git, no repository or no such commit."""
    try:
        ran = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except OSError:
        return b""
    return ran.stdout if ran.returncode == 0 else b""


def _files(archive: bytes) -> dict[Path, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {Path(member.name): tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr] # a file has bytes
