"""Where materials are kept and who scans them: what is told wrong is said before anything starts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.registration.materials.clamd import Clamd, NoScan
from services.registration.materials.folder import Folder
from services.registration.settings import RegistrationSettings


def told(tmp_path: Path, **more: object) -> RegistrationSettings:
    jwks = tmp_path / "jwks.json"
    jwks.write_text("{}")
    needed = {"database_url": "postgresql://a:b@127.0.0.1/registration", "kafka": "127.0.0.1:9092", "http_port": 0}
    return RegistrationSettings(service="registration", jwks=jwks, **needed, **more)


def test_a_house_says_what_it_has(tmp_path):
    assert told(tmp_path).object_store is None
    assert told(tmp_path).virus_scanner is None
    assert isinstance(told(tmp_path, scanner="off").virus_scanner, NoScan)
    assert told(tmp_path, scanner="clamav:3310").virus_scanner == Clamd(host="clamav", port=3310)
    assert told(tmp_path, materials=str(tmp_path)).object_store == Folder(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scanner": "none"},
        {"scanner": ""},
        {"materials": "relative"},
        {"materials": "/no/such/place"},
        {"materials": "s3://"},
        {"materials_access_key": "a"},
        {"materials_secret_key": "b"},
        {"materials_endpoint": "s3.hospital.example"},
    ],
)
def test_what_cannot_be_is_refused(tmp_path, wrong):
    with pytest.raises(ValidationError):
        told(tmp_path, **wrong)
