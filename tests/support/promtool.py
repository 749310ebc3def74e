"""Prometheus' own checker, for the tests of alerts and dashboards: on the path, or where `make provision` put it."""

import shutil
import subprocess

import pytest

from deploy.local.jars import cache


class Promtool:
    """The program, ready to be asked."""

    def __init__(self, program: str) -> None:
        self._program = program

    def says(self, *arguments: object) -> tuple[bool, str]:
        """Whether it is content, and what it says."""
        ran = subprocess.run([self._program, *map(str, arguments)], capture_output=True, text=True, check=False)
        return ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Promtool; skipped where it cannot be had."""
    own = cache() / "promtool"
    program = shutil.which("promtool") or (str(own) if own.is_file() else None)
    if program is None:
        pytest.skip("needs promtool: `make provision` on Debian, elsewhere it comes with Prometheus")
    return Promtool(program)
