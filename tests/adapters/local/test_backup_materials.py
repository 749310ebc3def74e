"""Materials come back with the database that names them, each as it was uploaded; or it is said which do not."""

import asyncio
import stat

import pyrage
import pytest
from typer.testing import CliRunner

from cli.main import application
from deploy.backup import keys, materials
from deploy.backup.dump import back_up, restore
from deploy.backup.faults import BackupFailed
from deploy.local.databases import Databases
from services.registration.app import SERVICE
from services.registration.materials.folder import Folder
from shared.provisioning import create_topics
from tests.adapters.registration.test_materials import PDF, Uploads


@pytest.fixture
def key(tmp_path):
    """A key file."""
    keys.make_key(tmp_path / "backup.key")
    return tmp_path / "backup.key"


@pytest.fixture
def store(tmp_path):
    """The directory of materials."""
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.fixture
async def uploads(run_service, store):
    """Registration with its store, and two reports in it."""
    async with run_service(SERVICE, materials=str(store), scanner="off") as service:
        uploads = Uploads(service)
        uploads.ids = [(await uploads.upload(PDF + bytes([number])))["material_id"] for number in range(2)]
        while await service.fire("scans"):
            pass
        yield uploads


def address(uploads):
    """Where registration's rows are."""
    return uploads.service.host.settings.database_url.get_secret_value()


async def backed_up(uploads, store, directory, key):
    """The database, then the materials that it says are there; the file, and how many materials were new."""
    path, head, _ = await back_up("registration", address(uploads), directory, keys.public_half(key))
    return path, head, await new_ones(uploads, store, directory, key)


async def new_ones(uploads, store, directory, key):
    """Back up the materials that are not there yet; how many."""
    return materials.back_up(await materials.available(address(uploads)), store, directory, keys.public_half(key))


async def test_what_the_restored_database_names_is_there_as_it_was_uploaded(uploads, store, key, postgres, tmp_path):
    path, head, new = await backed_up(uploads, store, tmp_path / "to", key)
    assert new == 2
    later = await uploads.upload(PDF)
    await uploads.service.fire("scans")
    assert await new_ones(uploads, store, tmp_path / "to", key) == 1, "each is written once"
    store.rename(tmp_path / "lost")
    databases = Databases(admin_url=postgres.admin_url, passwords=tmp_path / "passwords.json", prefix="materials_")
    url = (await databases.provide(["registration"]))["registration"]
    try:
        assert materials.bring_back(tmp_path / "to", store, keys.private_half(key)) == 3
        await restore(path, head, url, keys.private_half(key))
        wanted = await materials.available(url)
        assert wanted.keys() == set(uploads.ids), "the first backup does not know the third"
        materials.prove(wanted, store)
    finally:
        await databases.remove(["registration"])
    for number, material_id in enumerate(uploads.ids):
        assert Folder(store).place(material_id).read_bytes() == PDF + bytes([number])
    assert Folder(store).place(later["material_id"]).read_bytes() == PDF
    assert materials.bring_back(tmp_path / "to", store, keys.private_half(key)) == 0, "what is there is left alone"


async def test_age_is_enough_and_nothing_is_readable_without_the_key(uploads, store, key, tmp_path):
    await backed_up(uploads, store, tmp_path / "to", key)
    kept = sorted((tmp_path / "to/materials").glob("*/*.age"))
    assert [path.stem for path in kept] == sorted(uploads.ids, key=lambda one: (one[-2:], one))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 and b"%PDF" not in path.read_bytes() for path in kept)
    assert pyrage.decrypt(kept[0].read_bytes(), [keys.private_half(key)]).startswith(PDF)
    assert materials.check(tmp_path / "to", keys.private_half(key)) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:-1])
    with pytest.raises(BackupFailed, match="not as it was written"):
        materials.check(tmp_path / "to", keys.private_half(key))


@pytest.mark.parametrize("damage", ["gone", "altered"])
async def test_a_material_that_the_store_has_lost_is_named_and_the_others_are_kept(
    uploads, store, key, tmp_path, damage
):
    lost, kept = uploads.ids
    place = Folder(store).place(lost)
    if damage == "gone":
        place.unlink()
    else:
        place.write_bytes(PDF)
    with pytest.raises(BackupFailed, match=rf"1 materials \({lost}\) are not in .*everything else is backed up"):
        await backed_up(uploads, store, tmp_path / "to", key)
    assert [path.stem for path in (tmp_path / "to/materials").glob("*/*")] == [kept]
    with pytest.raises(BackupFailed, match=rf"1 materials \({lost}\) .* look for another backup"):
        materials.prove(await materials.available(address(uploads)), store)


async def test_a_place_that_takes_nothing_is_named_and_blames_no_material(uploads, store, key, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to/materials").write_text("a file in the way")
    with pytest.raises(BackupFailed, match=r"to/materials/.* cannot be written \(Not a directory\)"):
        await new_ones(uploads, store, tmp_path / "to", key)


async def test_the_command_backs_them_up_or_says_that_it_does_not(uploads, store, key, tmp_path):
    asked = ["backup", "registration", "--url", address(uploads), "--key", str(key), "--to", str(tmp_path / "to")]
    without = await asyncio.to_thread(CliRunner().invoke, application(["cli.backup"]), asked)
    assert "without 2 materials: name their directory with --materials" in without.stderr
    with_them = await asyncio.to_thread(
        CliRunner().invoke, application(["cli.backup"]), [*asked, "--materials", str(store)]
    )
    assert with_them.exit_code == 0, with_them.output
    assert "2 of 2 materials were new" in with_them.stderr
    (file, *_) = (tmp_path / "to").glob("registration-*.age")
    checked = await asyncio.to_thread(
        CliRunner().invoke, application(["cli.backup"]), ["restore", "--check", "--key", str(key), str(file)]
    )
    assert "2 materials beside it are whole" in checked.stderr


@pytest.mark.timeout(180)
async def test_the_command_brings_database_and_materials_back(uploads, store, key, postgres, apache_kafka, tmp_path):
    await asyncio.to_thread(create_topics, apache_kafka.bootstrap)
    path, _, _ = await backed_up(uploads, store, tmp_path / "to", key)
    lost, kept = (Folder(store).place(material_id) for material_id in uploads.ids)
    lost.unlink()
    databases = Databases(admin_url=postgres.admin_url, passwords=tmp_path / "passwords.json", prefix="restoring_")
    url = (await databases.provide(["registration"]))["registration"]
    asked = ["restore", str(path), "--yes", "--key", str(key), "--url", url, "--kafka", apache_kafka.bootstrap]
    try:
        ran = await asyncio.to_thread(
            CliRunner().invoke, application(["cli.backup"]), [*asked, "--materials", str(store)]
        )
        assert ran.exit_code == 0, ran.output
        assert "1 materials brought back" in ran.stderr
        assert "2 materials are as they were uploaded" in ran.stderr
        assert lost.read_bytes() == PDF + bytes([0])
        kept.write_bytes(PDF)
        again = await asyncio.to_thread(
            CliRunner().invoke, application(["cli.backup"]), [*asked, "--materials", str(store)]
        )
        assert again.exit_code == 1
        assert f"1 materials ({uploads.ids[1]}) are not in" in again.stderr
    finally:
        await databases.remove(["registration"])
