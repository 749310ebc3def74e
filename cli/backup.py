"""`journey backup | restore`: the databases of the services, encrypted, and the way back.

Invariant: nothing is replaced before every file has been read to its end and found whole, and the user has agreed.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pyrage.x25519 import Identity, Recipient

from cli.output import DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, progress, show_json, show_table
from deploy.backup import archive, keys, materials
from deploy.backup.archive import Head
from deploy.backup.dump import back_up
from deploy.backup.dump import restore as restore_one
from deploy.backup.faults import BackupFailed
from deploy.backup.rewinding import rewind
from deploy.local.layout import SERVICES, Home
from deploy.local.postgres import PostgresFailed
from deploy.local.stack import Stack, StackFailed

NAMES = tuple(service.name for service in SERVICES)
BUCKET = "s3://"
ELSEWHERE = "name their directory with --materials, or keep versions in their bucket"
COLUMNS = ("service", "taken at", "schema", "rows", "file")

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="JOURNEY_DATABASE_URL",
        help="The database of one service on a server; without it the local stack's. Better given by its variable.",
        show_default=False,
    ),
]
Materials = Annotated[
    str | None,
    typer.Option(
        "--materials",
        metavar="DIR",
        envvar="JOURNEY_MATERIALS",
        help="With --url: the directory where registration keeps materials. A bucket keeps versions of its own.",
        show_default=False,
    ),
]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="An age key file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Put the commands on the menu."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    services: Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="Which; all if none.")] = None,
    *,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Where to; else STATE/backups.")] = None,
    key: Key = None,
    new_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Make a key file, and nothing else.")] = None,
    url: Url = None,
    kept_in: Materials = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Back up the services' databases, and patients' materials, while they run: each as of one instant, encrypted."""
    with _failures():
        if new_key is not None:
            _make_key(new_key, as_json=as_json)
            return
        if key is None:
            fail("name the key to encrypt for with --key; make one with `journey backup --new-key FILE`", WRONG_USE)
        names = _chosen(services, url)
        recipient = keys.public_half(key)
        made = []
        with progress() as say:
            for name in names:
                say(f"backing up {name}")
                address = url or Stack(Home(state)).database_url(name)
                made.append(asyncio.run(back_up(name, address, to or state / "backups", recipient)))
                if name == materials.SERVICE:
                    say(_back_up_materials(address, _store(kept_in, url, state), to or state / "backups", recipient))
        _show([(path, head) for path, head, _ in made], as_json=as_json)


def restore(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="One file a service.")],
    *,
    key: Key = None,
    check: Annotated[bool, typer.Option("--check", help="Only prove the files whole and say what they hold.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    kept_in: Materials = None,
    kafka: Annotated[
        str | None,
        typer.Option(
            "--kafka", metavar="HOST:PORT", envvar="JOURNEY_KAFKA", help="With --url: where events come from."
        ),
    ] = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Replace databases of stopped services by backups, and let their consumers take again what came since.

    Materials that lie beside a backup of registration are brought back first, and proven afterwards.
    """
    if key is None:
        fail("name the private key with --key FILE", WRONG_USE)
    if url is not None and kafka is None and not check:
        fail(
            "name Kafka too, with --kafka HOST:PORT: the consumer has to read again what came after the backup",
            WRONG_USE,
        )
    with _failures():
        identity = keys.private_half(key)
        found = _checked(files, identity)
        names = _chosen([head.service for _, head in found], url)
        if check:
            _show(found, as_json=as_json)
            return
        if not yes and not as_json:
            typer.confirm(f"Replace all data of {', '.join(names)}?", abort=True)
        with _servers(url, kafka, state) as (address_of, bootstrap):
            again = _restored(found, identity, address_of, bootstrap, _store(kept_in, url, state))
    _show_restored([head for _, head in found], again, as_json=as_json)


def _make_key(path: Path, *, as_json: bool) -> None:
    public = keys.make_key(path)
    if as_json:
        show_json({"key": str(path), "public": public})
    else:
        typer.echo(f"{path} holds the private key: keep a copy where the backups are not.\npublic: {public}")


def _checked(files: Sequence[Path], identity: Identity) -> list[tuple[Path, Head]]:
    found = []
    with progress() as say:
        for file in files:
            say(f"checking {file.name}")
            found.append((file, archive.check(file, identity)))
            if found[-1][1].service == materials.SERVICE:
                say(f"{materials.check(file.parent, identity)} materials beside it are whole")
    return found


def _restored(
    found: Sequence[tuple[Path, Head]],
    identity: Identity,
    address_of: Callable[[str], str],
    bootstrap: str,
    store: Path | None,
) -> dict[str, int]:
    """Restore one after the other; service → how many records its consumer will read again."""
    again = {}
    with progress() as say:
        for file, head in found:
            if store and head.service == materials.SERVICE:
                say(f"{materials.bring_back(file.parent, store, identity)} materials brought back")
            say(f"restoring {head.service}")
            address = address_of(head.service)
            asyncio.run(restore_one(file, head, address, identity))
            taken_at = datetime.fromisoformat(head.taken_at)
            again[head.service] = asyncio.run(rewind(bootstrap, head.service, taken_at))
            if head.service == materials.SERVICE:
                say(_prove_materials(address, store))
    return again


def _store(kept_in: str | None, url: str | None, state: Path) -> Path | None:
    """The directory of materials; None where nobody has named it, or it is a bucket."""
    if url is None:
        return Home(state).materials
    return Path(kept_in) if kept_in and not kept_in.startswith(BUCKET) else None


def _back_up_materials(address: str, store: Path | None, directory: Path, recipient: Recipient) -> str:
    """What was done, in words."""
    wanted = asyncio.run(materials.available(address))
    if store is None:
        return f"without {len(wanted)} materials: {ELSEWHERE}" if wanted else "no materials"
    return f"{materials.back_up(wanted, store, directory, recipient)} of {len(wanted)} materials were new"


def _prove_materials(address: str, store: Path | None) -> str:
    """What was found, in words; raises where the store has not all that the restored database names."""
    wanted = asyncio.run(materials.available(address))
    if store is None:
        return f"{len(wanted)} materials were not looked at: {ELSEWHERE}" if wanted else "no materials"
    materials.prove(wanted, store)
    return f"{len(wanted)} materials are as they were uploaded"


@contextmanager
def _servers(url: str | None, kafka: str | None, state: Path) -> Iterator[tuple[Callable[[str], str], str]]:
    """Service → address of its database, and Kafka's address."""
    if url is not None:
        yield lambda _: url, kafka or ""
        return
    stack = Stack(Home(state))
    with stack.servers_alone() as bootstrap:
        yield stack.database_url, bootstrap


@contextmanager
def _failures() -> Iterator[None]:
    """What is known to go wrong ends in one sentence."""
    try:
        yield
    except (BackupFailed, StackFailed, PostgresFailed) as failure:
        fail(failure)


def _chosen(services: Sequence[str] | None, url: str | None) -> Sequence[str]:
    """The services meant, each once."""
    chosen = services or NAMES
    if unknown := [name for name in chosen if name not in NAMES]:
        fail(f"no service {unknown[0]!r}: use one of {', '.join(NAMES)}", WRONG_USE)
    if len(set(chosen)) < len(chosen):
        fail("each service once: leave out what is named twice", WRONG_USE)
    if url is not None and len(chosen) > 1:
        fail("an address is the database of one service: name that service", WRONG_USE)
    return chosen


def _show(found: Sequence[tuple[Path, Head]], *, as_json: bool) -> None:
    if as_json:
        show_json([{"file": str(path), **asdict(head)} for path, head in found])
        return
    show_table(COLUMNS, [(head.service, head.taken_at, head.revision, head.rows, path) for path, head in found])


def _show_restored(heads: Sequence[Head], again: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        show_json({"restored": [asdict(head) for head in heads], "records_to_read_again": again})
        return
    for name, count in again.items():
        typer.echo(f"restored {name}: {count} records will be read again")
