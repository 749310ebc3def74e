"""What is backed up comes back as it was, or not at all, and only to whoever has the key."""

import asyncio
import gzip
import hashlib
import io
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pyrage
import pytest

from deploy.backup import archive, keys
from deploy.backup.archive import Head
from deploy.backup.dump import back_up, restore
from deploy.backup.faults import BackupFailed
from deploy.local.databases import Databases
from services.registration.app import SERVICE
from shared.database import check_schema, engine_for
from shared.fingerprint import fingerprint
from shared.ids import new_id
from tests.support.delivery import death

HEAD = Head(service="registration", taken_at="2026-01-01T00:00:00+00:00", revision="0001", postgres="18", tables={})


@pytest.fixture
def key(tmp_path):
    """A key file."""
    keys.make_key(tmp_path / "backup.key")
    return tmp_path / "backup.key"


@pytest.fixture
async def registration(run_service):
    """Registration, running, with patients, their events in the outbox, and an event in the inbox."""
    async with run_service(SERVICE) as service:
        patient_ids = await register(service, 20)
        await service.deliver(death(patient_ids[0], 2))
        yield service


@pytest.fixture
async def empty(postgres, tmp_path):
    """An empty database that a service's own user owns, as on a new server."""
    databases = Databases(admin_url=postgres.admin_url, passwords=tmp_path / "passwords.json", prefix="restored_")
    urls = await databases.provide(["registration"])
    yield urls["registration"]
    await databases.remove(["registration"])


async def register(service, how_many):
    """Patients through the API: a row, an event and a remembered answer each; their ids."""
    patient_ids = [new_id() for _ in range(how_many)]
    for patient_id in patient_ids:
        body = {
            "patient_id": str(patient_id),
            "name": "Invented Person",
            "sex": "F",
            "born_on": "1980-01-01",
            "insutype": "310",
        }
        assert (await service.command("POST", "/patients", role="front-desk", body=body)).status_code == 201
    return patient_ids


def address(service):
    """Where a service's rows are."""
    return service.host.settings.database_url.get_secret_value()


async def backed_up(service, key, directory):
    """A backup of a running service."""
    path, _, _ = await back_up("registration", address(service), directory, keys.public_half(key))
    return path


async def brought_back(path, url, key):
    """Restore as `journey restore` does."""
    identity = keys.private_half(key)
    head = await asyncio.to_thread(archive.check, path, identity)
    await restore(path, head, url, identity)
    return head


@asynccontextmanager
async def connected(url):
    """A connection of the test's own."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def state_of(url):
    """The state hash."""
    async with connected(url) as connection:
        return await fingerprint(connection)


async def test_a_lost_database_comes_back_with_the_same_state_hash_outbox_and_inbox_included(
    registration, empty, key, tmp_path
):
    path = await backed_up(registration, key, tmp_path)
    head = await brought_back(path, empty, key)
    state = await state_of(empty)
    assert state == head.tables == await state_of(address(registration))
    rows = {table: int(hashed.partition(":")[0]) for table, hashed in state.items()}
    assert (rows["patient"], rows["outbox"], rows["inbox"], rows["command"]) == (20, 20, 1, 20)
    engine = engine_for(empty, 1)
    await check_schema(engine, SERVICE.migrations)
    await engine.dispose()


async def test_what_was_there_is_replaced_and_a_restored_database_can_be_backed_up_again(
    registration, empty, key, tmp_path
):
    first = await backed_up(registration, key, tmp_path / "first")
    await brought_back(first, empty, key)
    async with connected(empty) as connection:
        await connection.execute("DELETE FROM outbox; DROP TABLE command; CREATE TABLE strange (id int)")
    head = await brought_back(first, empty, key)
    assert await state_of(empty) == head.tables
    second, _, _ = await back_up("registration", empty, tmp_path / "second", keys.public_half(key))
    assert (await brought_back(second, empty, key)).tables == head.tables


async def test_a_backup_of_a_busy_service_holds_each_row_with_its_event(registration, empty, key, tmp_path):
    writing = asyncio.create_task(register(registration, 1000))
    path = await backed_up(registration, key, tmp_path)
    assert not writing.done()
    writing.cancel()
    await brought_back(path, empty, key)
    async with connected(empty) as connection:
        counts = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM patient), (SELECT count(*) FROM outbox), (SELECT count(*) FROM command)"
        )
    assert len(set(counts)) == 1


async def test_age_gunzip_and_psql_are_enough_to_get_it_back(registration, key, tmp_path):
    path = await backed_up(registration, key, tmp_path)
    plain = gzip.decompress(pyrage.decrypt(path.read_bytes(), [keys.private_half(key)])).decode()
    assert plain.startswith("-- carejourney backup {")
    assert plain.count("\nCOPY public.outbox ") == 1
    assert b"Invented Person" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    assert path.with_name(f"{path.name}.sha256").read_text() == f"{digest}  {path.name}\n"


async def test_a_database_that_somebody_uses_is_not_replaced(registration, empty, key, tmp_path):
    path = await backed_up(registration, key, tmp_path)
    async with connected(empty):
        with pytest.raises(BackupFailed, match=r"1 others are connected.*stop the service"):
            await brought_back(path, empty, key)
    assert await state_of(empty) == {}


async def test_sql_that_fails_in_the_middle_changes_nothing(empty, key, tmp_path):
    async with connected(empty) as connection:
        await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    before = await state_of(empty)
    path = tmp_path / "spoilt.age"
    sql = io.BytesIO(b"CREATE TABLE half (id int);\nINSERT INTO half VALUES (1 / 0);\n" + b"SELECT 1;\n" * 100_000)
    archive.write(path, HEAD, sql, keys.public_half(key), lambda: None)
    with pytest.raises(BackupFailed, match=r"psql failed and nothing was changed.*division by zero"):
        await brought_back(path, empty, key)
    assert await state_of(empty) == before


def written(path: Path, key: Path) -> Path:
    """A small backup."""
    archive.write(path, HEAD, io.BytesIO(b"SELECT 1;\n" * 50_000), keys.public_half(key), lambda: None)
    return path


def test_a_file_for_another_key_says_so(key, tmp_path):
    keys.make_key(tmp_path / "other.key")
    path = written(tmp_path / "a.age", key)
    with pytest.raises(BackupFailed, match="another key"):
        archive.check(path, keys.private_half(tmp_path / "other.key"))


@pytest.mark.parametrize("sums", ["kept", "lost"])
@pytest.mark.parametrize("damage", [lambda body: body[:-3], lambda body: body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]])
def test_an_altered_file_is_found_with_and_without_its_checksum(key, tmp_path, damage, sums):
    path = written(tmp_path / "a.age", key)
    path.write_bytes(damage(path.read_bytes()))
    if sums == "lost":
        path.with_name("a.age.sha256").unlink()
    with pytest.raises(BackupFailed, match="not as it was written"):
        archive.check(path, keys.private_half(key))


def test_what_is_no_backup_or_no_key_is_named(key, tmp_path):
    stranger = tmp_path / "stranger.age"
    stranger.write_text("no backup")
    with pytest.raises(BackupFailed, match="is no backup file"):
        archive.check(stranger, keys.private_half(key))
    stranger.write_bytes(pyrage.encrypt(gzip.compress(b"SELECT 1"), [keys.public_half(key)]))
    with pytest.raises(BackupFailed, match="no backup of this version"):
        archive.check(stranger, keys.private_half(key))
    public = tmp_path / "public.key"
    public.write_text(f"{keys.public_half(key)}\n")
    with pytest.raises(BackupFailed, match="public key only"):
        keys.private_half(public)
    public.write_text("age1nonsense")
    with pytest.raises(BackupFailed, match="not whole"):
        keys.public_half(public)
    with pytest.raises(BackupFailed, match="never overwritten"):
        keys.make_key(key)


def test_a_public_key_is_enough_to_back_up(key, tmp_path):
    public = tmp_path / "public.key"
    public.write_text(f"{keys.public_half(key)}\n")
    assert archive.check(written(tmp_path / "a.age", public), keys.private_half(key)) == HEAD


async def test_a_failed_backup_leaves_no_file(key, tmp_path, database):
    with pytest.raises(BackupFailed, match="holds no tables of a service"):
        await back_up("registration", database, tmp_path / "to", keys.public_half(key))
    nowhere = urlsplit(database)._replace(path="/nowhere").geturl()
    with pytest.raises(BackupFailed, match="no connection to the database of registration"):
        await back_up("registration", nowhere, tmp_path / "to", keys.public_half(key))
    assert not (tmp_path / "to").exists()
