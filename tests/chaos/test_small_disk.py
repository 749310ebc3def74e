"""A disk of our own is full when we say so, for whoever writes to it, and leaves nothing behind."""

import errno

import pytest

from tests.chaos.small_disk import BYTES, NoDisk, open_disk
from tests.support.waiting import until


@pytest.fixture
def disk(tmp_path):
    """A disk; where the machine has none for us, the test is skipped and says why."""
    try:
        opened = open_disk(tmp_path / "disk", tmp_path.stat())
    except NoDisk as refusal:
        pytest.skip(str(refusal))
    yield opened
    opened.close()


def test_what_does_not_fit_is_refused_until_there_is_space_again(disk):
    disk.fill()
    with pytest.raises(OSError, match="No space left") as refusal:
        (disk.path / "more").write_bytes(bytes(8192))
    assert refusal.value.errno == errno.ENOSPC
    disk.empty()
    assert (disk.path / "more").write_bytes(bytes(8192)) == 8192


def test_what_has_become_free_is_taken_as_well(disk):
    (disk.path / "log").write_bytes(bytes(8192))
    disk.fill()
    (disk.path / "log").unlink()
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        (disk.path / "more").write_bytes(bytes(4096))
    assert (disk.path / "ballast").stat().st_size <= BYTES


def test_a_directory_is_where_it_was_and_lies_on_the_disk(disk, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kept").write_text("as it was")
    disk.take(tmp_path / "data")
    assert (tmp_path / "data" / "kept").read_text() == "as it was"
    assert (disk.path / "data" / "kept").exists()


async def test_nothing_is_left_when_its_keeper_has_ended(disk, tmp_path):
    (disk.path / "kept").write_text("gone with it")
    disk.close()
    await until(lambda: not disk.path.exists())
    assert list((tmp_path / "disk").iterdir()) == []
