"""Short-lived links to a material's bytes, signed for one caller (HMAC-SHA-256).

Invariant: a link opens one material for the caller that it was made for, until it ends on the wall clock, and says for
which purpose it was given.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from services.registration.materials.reading import Purpose

GOOD_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says, and who uses it. `ends` is in seconds since 1970."""

    material_id: UUID
    subject: str
    purpose: Purpose
    ends: int
    signature: str

    @classmethod
    def sign(cls, secret: bytes, material_id: UUID, subject: str, purpose: Purpose, wall: datetime) -> Self:
        """A link that is good from now on."""
        ends = int((wall + GOOD_FOR).timestamp())
        unsigned = cls(material_id=material_id, subject=subject, purpose=purpose, ends=ends, signature="")
        return replace(unsigned, signature=unsigned._signature(secret))

    def opens(self, secret: bytes, wall: datetime) -> bool:
        """Whether it was made by us for this caller and has not ended."""
        good = hmac.compare_digest(self._signature(secret), self.signature)
        return good and wall.timestamp() < self.ends

    @property
    def url(self) -> str:
        """Its path."""
        signed = f"purpose={self.purpose}&ends={self.ends}&signature={self.signature}"
        return f"/materials/{self.material_id}/content?{signed}"

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return datetime.fromtimestamp(self.ends, UTC)

    def _signature(self, secret: bytes) -> str:
        said = f"{self.material_id}\n{self.purpose}\n{self.ends}\n{self.subject}"
        return hmac.new(secret, said.encode(), sha256).hexdigest()
