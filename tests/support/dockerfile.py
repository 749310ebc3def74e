"""Reads `deploy/Dockerfile` and puts an image together from it without a container engine.

Invariant: everything about an image comes from the Dockerfile and `.dockerignore` themselves: which files are copied,
the environment, what runs and what asks for its health. Only the place differs: `/` of the image is a folder.
"""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from deploy.local.jars import cache

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
LIBRARIES = "libraries"
INSTALL_SECONDS = 600


@dataclass
class Image:
    """What the stages of one service say, in order."""

    service: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def said(self, instruction: str) -> str:
        """The last one of its kind; fails where there is none."""
        return [text for name, text in self.steps if name == instruction][-1]

    def command(self, instruction: str) -> list[str]:
        """An instruction's command line in its JSON form."""
        return json.loads(re.sub(r"^(--\S+\s+)*(CMD\s+)?", "", self.said(instruction)))

    @property
    def environment(self) -> dict[str, str]:
        """Every variable it sets."""
        pairs = [pair for name, text in self.steps if name == "ENV" for pair in shlex.split(text)]
        return dict(pair.split("=", 1) for pair in pairs)

    def copies(self, *, from_stage: str | None = None) -> list[tuple[list[str], str]]:
        """Sources and destination of every COPY out of the build's folder, or out of another stage."""
        found = []
        for name, text in self.steps:
            words = text.split()
            origin = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
            if name == "COPY" and origin == from_stage:
                found.append((words[:-1], words[-1]))
        return found

    def files(self) -> dict[Path, Path]:
        """Where each file of the suite comes from and lies in the image, from the working directory."""
        placed = {}
        for sources, target in self.copies():
            for source in sources:
                origin = ROOT / source
                within = sorted(path for path in origin.rglob("*") if path.is_file()) if origin.is_dir() else [origin]
                into = Path(target, origin.name) if target.endswith("/") and origin.is_file() else Path(target)
                placed |= {path: into / path.relative_to(origin) for path in within if admitted(path)}
        return placed


def image_of(service: str, target: str = "${SERVICE}") -> Image:
    """The image that `--build-arg SERVICE=service` builds, up to the stage `target`."""
    stages = _stages()
    image, name = Image(service), target
    lineage = [stages[name]]
    while (name := lineage[-1][0][1].split(" AS ")[0].replace("${SERVICE}", service)) in stages:
        lineage.append(stages[name])
    for stage in reversed(lineage):
        image.steps += stage
    return image


def install_command() -> str:
    """What the stage of libraries runs."""
    return next(text for name, text in _stages()[LIBRARIES] if name == "RUN")


def admitted(path: Path) -> bool:
    """Whether `.dockerignore` lets a build see the file: the last pattern that fits decides."""
    relative, seen = path.relative_to(ROOT), True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if pattern and not pattern.startswith("#") and _fits(relative, pattern):
            seen = line.startswith("!")
    return seen


def libraries() -> Path:
    """A folder with `/opt` as the stage of libraries leaves it; installed once for each state of its requirements."""
    requirements = [ROOT / "requirements" / name for name in ("services.txt", "assets.txt")]
    content = b"".join(path.read_bytes() for path in requirements)
    content += install_command().encode() + sys.version.encode()
    whole = cache() / f"image-libraries-{hashlib.sha256(content).hexdigest()[:12]}"
    if whole.is_dir():
        return whole
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="image.") as scratch:
        for path in requirements:
            shutil.copy(path, scratch)
        built = Path(scratch) / "built"
        command = install_command().replace("/opt/", f"{built}/").replace("python -m", f"{sys.executable} -m")
        subprocess.run(["/bin/sh", "-ec", command], cwd=scratch, check=True, timeout=INSTALL_SECONDS)
        if not whole.is_dir():
            built.rename(whole)
    return whole


def assemble(image: Image, folder: Path) -> Path:
    """Lay the image's files under `folder`, libraries as links, and return its working directory."""
    work = folder / image.said("WORKDIR").lstrip("/")
    for origin, place in image.files().items():
        (work / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, work / place)
    for (source,), target in image.copies(from_stage=LIBRARIES):
        place = folder / target.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        for entry in (libraries() / Path(source).relative_to("/opt")).iterdir():
            if entry.name == "pyvenv.cfg":
                shutil.copy(entry, place)
            else:
                (place / entry.name).symlink_to(entry)
    return work


def _stages() -> dict[str, list[tuple[str, str]]]:
    """Stage → its instructions, the first being FROM. The last stage, which has no name, is called by its base."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text()))
    stages: dict[str, list[tuple[str, str]]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            current = stages.setdefault(rest.partition(" AS ")[2] or rest, [])
        elif not stages:
            continue
        current.append((name, rest.strip()))
    return stages


def _fits(path: Path, pattern: str) -> bool:
    parts = [path, *path.parents][:-1]
    if pattern.startswith("**/"):
        return any(fnmatch(part.name, pattern.removeprefix("**/")) for part in parts)
    return any(fnmatch(str(part), pattern) for part in parts)
