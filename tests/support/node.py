"""The official AsyncAPI parser, installed by npm from its lock into the user's cache, once a content of the lock.

Invariant: what is in the cache is whole, and exactly what the lock's hashes say. No package runs a script.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.jars import cache
from tests.support import facts

CHECK = Path(__file__).parents[1] / "messages" / "asyncapi"
INSTALLED = ("package.json", "package-lock.json", ".npmrc")
OLDEST_NODE = 18
SECONDS = 300

Parse = Callable[[Path], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def asyncapi_parser(pytestconfig: pytest.Config) -> Parse:
    """Parses a file: exit 0 and a summary, or exit 1 and what is wrong. Skips where Node.js or npm is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    version = _said([node, "--version"]).lstrip("v") if node else ""
    if node is None or npm is None or int(version.partition(".")[0] or 0) < OLDEST_NODE:
        pytest.skip(f"needs Node.js {OLDEST_NODE} or newer with npm (Debian: apt-get install nodejs npm)")
    folder = cache() / f"asyncapi-{hashlib.sha256((CHECK / 'package-lock.json').read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        _install(npm, folder)
    facts.note(pytestconfig, "Node.js", version)

    def parse(path: Path) -> subprocess.CompletedProcess[str]:
        program = [node, str(CHECK / "parse.mjs"), str(folder), str(path)]
        return subprocess.run(program, capture_output=True, text=True, check=False, timeout=SECONDS)

    return parse


def _install(npm: str, folder: Path) -> None:
    """`npm ci` beside the place, then into it in one step."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="asyncapi.") as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        for name in INSTALLED:
            shutil.copy(CHECK / name, whole)
        program = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        ran = subprocess.run(program, cwd=whole, capture_output=True, text=True, check=False, timeout=SECONDS)
        if ran.returncode != 0:
            pytest.skip(f"npm could not install the AsyncAPI parser: {ran.stderr.strip().splitlines()[:1]}")
        if not folder.is_dir():
            whole.rename(folder)


def _said(program: list[str]) -> str:
    return subprocess.run(program, capture_output=True, text=True, check=False).stdout.strip()
