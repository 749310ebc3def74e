"""Folders for servers under test, outside pytest's own.

pytest's folders are closed to others at each start of a pytest, and as root a database server runs as another user.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """A new folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix=f"carejourney-{name}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for this test's servers."""
    with folder("test") as path:
        yield path
