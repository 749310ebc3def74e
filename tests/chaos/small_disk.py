"""A disk of a few hundred megabytes for the database server under test, which can be filled up and emptied again.

It is a tmpfs in a mount namespace of its own. A process of ours that does nothing keeps it, and whoever has the same
account reaches it by that process's root (`/proc/PID/root`); nobody else sees it, and nothing of it is left when that
process ends. It ends with us, its standard input being a pipe of ours.

Invariant: what is written to a full disk fails with the system's own ENOSPC.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.children import Child, Order, start

BYTES = 512 * 1024 * 1024
CHUNKS = (1 << 20, 1 << 12)
BALLAST = "ballast"
AS_ROOT = ("unshare", "--mount", "--propagation", "private")
AS_USER = ("unshare", "--user", "--map-root-user", "--mount")
PROGRAMS = ("unshare", "mount", "setpriv")
READY = "ready\n"
MOUNT = 'mount -t tmpfs -o size="$1",mode=0700 none "$2" && chown "$3:$4" "$2"'
KEEP = "sh -c 'echo ready && exec cat'"
KEEP_AS = f'exec setpriv --reuid "$3" --regid "$4" --clear-groups {KEEP}'


class NoDisk(RuntimeError):
    """The machine does not let us have such a disk. The message says why."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """The disk, seen from where we are, and the process that keeps it."""

    path: Path
    keeper: Child

    def take(self, directory: Path) -> None:
        """Move a directory onto the disk, with its owners, and leave a link to it where it was."""
        subprocess.run(["cp", "-a", str(directory), str(self.path)], check=True)  # noqa: S607 - a stopped server's files
        shutil.rmtree(directory)
        directory.symlink_to(self.path / directory.name)

    def fill(self) -> None:
        """Take all the space that is left. Asked again it takes what has become free."""
        ballast = os.open(self.path / BALLAST, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            for chunk in CHUNKS:
                while _took(ballast, chunk):
                    pass
        finally:
            os.close(ballast)

    def empty(self) -> None:
        """Give back what `fill` took."""
        (self.path / BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Let it go, with everything on it."""
        self.keeper.kill()


def open_disk(directory: Path, owner: os.stat_result) -> SmallDisk:
    """A disk at this directory, for the account that `owner` belongs to. Raises `NoDisk`."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise NoDisk(f"{', '.join(missing)} of util-linux is not installed")
    directory.mkdir()
    root = os.geteuid() == 0
    script = f"{MOUNT} && {KEEP_AS if root else f'exec {KEEP}'}"
    uid, gid = (owner.st_uid, owner.st_gid) if root else (0, 0)
    arguments = [str(BYTES), str(directory), str(uid), str(gid)]
    return _kept(directory, [*(AS_ROOT if root else AS_USER), "sh", "-c", script, "disk", *arguments])


def _kept(directory: Path, command: Sequence[str]) -> SmallDisk:
    """Start the keeper; it says when the file system is there, or ends."""
    keeper = start(Order(name="disk", command=command, log=directory.with_suffix(".log"), piped=True))
    if keeper.started_here.stdout.readline() != READY:
        keeper.kill()
        raise NoDisk(f"no file system can be mounted here: {keeper.last_words(1)}")
    return SmallDisk(Path(f"/proc/{keeper.pid}/root{directory}"), keeper)


def _took(ballast: int, chunk: int) -> bool:
    try:
        os.posix_fallocate(ballast, os.fstat(ballast).st_size, chunk)
    except OSError as refusal:
        if refusal.errno == errno.ENOSPC:
            return False
        raise
    return True
