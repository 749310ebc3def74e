"""Short-lived links to a material's bytes, signed for one caller (HMAC-SHA-256).

Invariant: a link opens one material for the caller that it was made for, until it ends on the wall clock.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

GOOD_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says, and who uses it. `ends` is in seconds since 1970."""

    material_id: UUID
    subject: str
    ends: int
    signature: str

    @classmethod
    def sign(cls, secret: bytes, material_id: UUID, subject: str, wall: datetime) -> Self:
        """A link that is good from now on."""
        ends = int((wall + GOOD_FOR).timestamp())
        signature = _signature(secret, material_id, subject, ends)
        return cls(material_id=material_id, subject=subject, ends=ends, signature=signature)

    def opens(self, secret: bytes, wall: datetime) -> bool:
        """Whether it was made by us for this caller and has not ended."""
        good = hmac.compare_digest(_signature(secret, self.material_id, self.subject, self.ends), self.signature)
        return good and wall.timestamp() < self.ends

    @property
    def url(self) -> str:
        """Its path."""
        return f"/materials/{self.material_id}/content?ends={self.ends}&signature={self.signature}"

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return datetime.fromtimestamp(self.ends, UTC)


def _signature(secret: bytes, material_id: UUID, subject: str, ends: int) -> str:
    return hmac.new(secret, f"{material_id}\n{ends}\n{subject}".encode(), sha256).hexdigest()
