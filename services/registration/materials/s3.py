"""The object store on S3, or whatever speaks its language. Loaded only where the setting asks for it.

Invariant: an object is there whole or not at all; that is S3's own promise for one PUT.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.registration.materials.ports import Unavailable

PREFIX = "materials"
TIMEOUT = timedelta(seconds=30)
RETRY_FOR = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Objects in a bucket, under the prefix `materials`."""

    objects: S3Store

    @classmethod
    def at(
        cls, *, bucket: str, region: str, endpoint: str | None, access_key: str | None, secret_key: str | None
    ) -> Self:
        """A bucket; without an endpoint that of AWS, without keys the machine's own identity there."""
        optional = {"endpoint": endpoint, "access_key_id": access_key, "secret_access_key": secret_key}
        store = S3Store(
            bucket,
            region=region,
            client_options={"timeout": TIMEOUT, "allow_http": True},
            retry_config={"max_retries": 2, "retry_timeout": RETRY_FOR},
            **{name: value for name, value in optional.items() if value is not None},  # type: ignore[arg-type]
        )
        return cls(store)

    async def put(self, key: str, content: AsyncIterator[bytes], media_type: str) -> None:
        """Write it with one PUT. Raises `Unavailable`."""
        whole = b"".join([piece async for piece in content])
        try:
            attributes = {"Content-Type": media_type}
            await self.objects.put_async(f"{PREFIX}/{key}", whole, attributes=attributes, use_multipart=False)
        except (BaseError, OSError):
            raise Unavailable("the bucket of materials cannot be written") from None

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises `Unavailable`."""
        try:
            found = await self.objects.get_async(f"{PREFIX}/{key}")
            async for piece in found.stream():
                yield bytes(piece)
        except (BaseError, OSError):
            raise Unavailable("the object of the material cannot be read") from None
