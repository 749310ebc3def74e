"""What registration must be told of materials: where they are kept, and who scans them."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from services.registration.materials.clamd import Clamd, NoScan
from services.registration.materials.folder import Folder
from services.registration.materials.ports import ObjectStore, Scanner
from shared.settings import Settings

S3 = "s3://"
OFF = "off"


def _store(place: str) -> str:
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", place):
        return place
    if not (Path(place).is_absolute() and Path(place).is_dir()):
        raise ValueError("is neither a directory that exists nor the address of a bucket")
    return place


class MaterialSettings(Settings):
    """Without a store or a scanner materials are taken, and stay in quarantine."""

    materials: Annotated[str | None, AfterValidator(lambda place: place and _store(place))] = Field(
        default=None,
        description="give a directory for materials by its full path, such as /var/lib/materials, or s3://BUCKET",
    )
    scanner: str | None = Field(
        default=None,
        pattern=r"^(off|[A-Za-z0-9.\-]+:\d{1,5})$",
        description="give where clamd listens, such as clamav:3310, or off for a house that scans nothing",
    )
    materials_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+$",
        description="give the address of the S3 server, such as https://s3.hospital.example, or leave it out for AWS",
    )
    materials_region: str = Field(
        default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$", description="give the bucket's region"
    )
    materials_access_key: str | None = Field(default=None, description="give the access key of the bucket")
    materials_secret_key: SecretStr | None = Field(
        default=None,
        validate_default=True,
        description="give the secret key with JOURNEY_MATERIALS_ACCESS_KEY, or neither",
    )

    @field_validator("materials_secret_key")
    @classmethod
    def _has_a_key(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (secret is None) != (info.data.get("materials_access_key") is None):
            raise ValueError("is a secret without its key, or a key without its secret")
        return secret

    @property
    def object_store(self) -> ObjectStore | None:
        """Where materials are kept; None where nobody has said."""
        if self.materials is None:
            return None
        if not self.materials.startswith(S3):
            return Folder(Path(self.materials))
        from services.registration.materials.s3 import Bucket  # noqa: PLC0415 - only who keeps them there loads it

        return Bucket.at(
            bucket=self.materials.removeprefix(S3),
            region=self.materials_region,
            endpoint=self.materials_endpoint,
            access_key=self.materials_access_key,
            secret_key=self.materials_secret_key.get_secret_value() if self.materials_secret_key else None,
        )

    @property
    def virus_scanner(self) -> Scanner | None:
        """Who scans; None where nobody has said."""
        if self.scanner is None:
            return None
        if self.scanner == OFF:
            return NoScan()
        host, _, port = self.scanner.rpartition(":")
        return Clamd(host=host, port=int(port))
