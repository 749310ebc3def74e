"""Who may enter which database."""

import asyncpg
import pytest

from deploy.local.databases import Databases, DatabasesFailed
from deploy.local.postgres import EmbeddedPostgres

SERVICES = ("registration", "beds")


@pytest.fixture
def databases(postgres, tmp_path):
    """The services' databases on a server shared with others."""
    return Databases(admin_url=postgres.admin_url, passwords=tmp_path / "passwords.json", prefix="carejourney_")


async def test_a_service_enters_its_own_database_and_no_other(databases):
    urls = await databases.provide(SERVICES)
    own = await asyncpg.connect(urls["beds"])
    await own.execute("CREATE TABLE stay (stay_id uuid)")
    await own.close()
    trespass = urls["beds"].replace("/carejourney_beds?", "/carejourney_registration?")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(trespass)
    await databases.remove(SERVICES)


async def test_nobody_enters_without_the_password(databases):
    urls = await databases.provide(SERVICES)
    password = urls["beds"].partition("@")[0].rpartition(":")[2]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(urls["beds"].replace(password, "guessed"))
    await databases.remove(SERVICES)


async def test_providing_again_changes_nothing(databases):
    first = await databases.provide(SERVICES)
    own = await asyncpg.connect(first["beds"])
    await own.execute("CREATE TABLE stay (stay_id uuid)")
    assert await databases.provide(SERVICES) == first
    assert await own.fetchval("SELECT count(*) FROM stay") == 0
    await own.close()
    await databases.remove(SERVICES)


async def test_removing_leaves_neither_database_nor_user_nor_password(databases, postgres):
    await databases.provide(SERVICES)
    await databases.remove(SERVICES)
    admin = await asyncpg.connect(postgres.admin_url)
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'carejourney%'") == 0
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'carejourney%'") == 0
    assert not databases.passwords.exists()
    await admin.close()


async def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path):
    nowhere = Databases(
        admin_url="postgresql://admin:very-secret@/postgres?host=/nowhere", passwords=tmp_path / "passwords.json"
    )
    with pytest.raises(DatabasesFailed, match="check the address") as failure:
        await nowhere.provide(SERVICES)
    assert "very-secret" not in str(failure.value)


async def test_an_administrator_without_the_right_is_told_which_right(databases, tmp_path):
    urls = await databases.provide(SERVICES)
    weak = Databases(admin_url=urls["beds"], passwords=tmp_path / "others.json", prefix="other_")
    with pytest.raises(DatabasesFailed, match="CREATEDB and CREATEROLE"):
        await weak.provide(SERVICES)
    await databases.remove(SERVICES)


def test_a_killed_server_starts_again_with_its_data(server_folder):
    server = EmbeddedPostgres(server_folder / "server", server_folder / "postgres.log", durable=False, tied=True)
    server.prepare()
    server.start()
    server.wait_ready()
    before = server.admin_url
    server.kill()
    server.prepare()
    server.start()
    server.wait_ready()
    assert server.admin_url == before
    child = server.child
    server.stop()
    assert not child.alive()
