"""What is prepared before compose's first start."""

import re

from deploy.compose_env import prepare
from shared.auth import Verifier


def test_every_password_is_made_and_is_another_one(tmp_path):
    prepare(tmp_path)
    passwords = re.findall(r"(?m)^\w+_PASSWORD=(\w+)$", (tmp_path / ".env").read_text())
    assert len(set(passwords)) == len(passwords) == 8
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords)


def test_secrets_are_for_their_owner_alone_and_containers_may_read_the_public_keys(tmp_path):
    prepare(tmp_path)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys/issuer.json").stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys/jwks.json").stat().st_mode & 0o044 == 0o044
    Verifier(tmp_path / "keys/jwks.json")


def test_a_second_time_changes_nothing(tmp_path):
    prepare(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = [path.read_bytes() for path in files]
    assert "nothing was changed" in prepare(tmp_path)[0]
    assert [path.read_bytes() for path in files] == before
