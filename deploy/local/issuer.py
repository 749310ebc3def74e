"""Development's token issuer: an Ed25519 key pair in the state directory, and tokens signed with it.

Invariant: services only ever see the public part; the private one stays in a file that its owner alone may read. A
hospital has an issuer of its own and gives services that one's public keys.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.jwk import OKPKey

from deploy.local.files import write_private
from shared.auth import Role
from shared.clock import wall_now

ISSUER = "carejourney-dev"
CURVE: Final = "Ed25519"
LIFETIME = timedelta(hours=12)
VIEWER_LIFETIME = timedelta(days=30)


class NoIssuer(RuntimeError):
    """The keys are not there, or a role is unknown. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The key pair of one state directory."""

    directory: Path

    @property
    def private_key(self) -> Path:
        """The private JWK."""
        return self.directory / "issuer.json"

    @property
    def jwks(self) -> Path:
        """The file that services get: the public key."""
        return self.directory / "jwks.json"

    @property
    def viewer_token(self) -> Path:
        """A read-only viewer's token, with which the pages of a local stack open without signing in."""
        return self.directory / "viewer.token"

    def prepare(self) -> None:
        """Make the pair if it is not there; the public file always follows the private one."""
        if not self.private_key.exists():
            fresh = OKPKey.generate_key(CURVE, auto_kid=True)
            write_private(self.private_key, json.dumps(fresh.as_dict(private=True)))
        public = self._key().as_dict(private=False) | {"use": "sig", "alg": CURVE}
        write_private(self.jwks, json.dumps({"keys": [public]}))
        write_private(self.viewer_token, self.token(Role.VIEWER, "viewer", VIEWER_LIFETIME))

    def token(
        self,
        role: str | Sequence[str],
        subject: str,
        lifetime: timedelta = LIFETIME,
        wards: Iterable[str] | None = None,
        clinics: Iterable[str] | None = None,
    ) -> str:
        """A bearer token for `subject` with the roles of `shared.auth.Role` given, valid from now for `lifetime`.

        `wards` limits it to these; `clinics` says which the subject works for.
        """
        key = self._key()
        now = int(wall_now().timestamp())
        roles = [str(each) for each in ([role] if isinstance(role, str) else role)]
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": subject,
            "roles": roles,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
        }
        claims |= {name: sorted(of) for name, of in (("wards", wards), ("clinics", clinics)) if of is not None}
        return jwt.encode({"alg": CURVE, "kid": key.kid}, claims, key, algorithms=[CURVE])

    def _key(self) -> OKPKey:
        try:
            return OKPKey.import_key(json.loads(self.private_key.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NoIssuer(f"no issuer's key in {self.directory}: start the stack first (`journey up`)") from None
        except ValueError:
            raise NoIssuer(f"{self.private_key} is no key: remove it, and `journey up` makes a new one") from None
