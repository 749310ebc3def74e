"""`python -m deploy.compose_env [DIRECTORY]`: what compose needs before its first start: settings, passwords, keys.

Invariant: nothing that is there is ever changed, so that a second run does not lock anybody out of their data. The
key pair is development's (`deploy.local.issuer`): a hospital names its own issuer's public keys in the settings.
"""

import re
import secrets
import sys
from pathlib import Path

from deploy.local.files import write_private
from deploy.local.issuer import Issuer

HERE = Path(__file__).parent
PASSWORD_BYTES = 24
READABLE_BY_CONTAINERS = 0o644


def prepare(directory: Path = HERE) -> list[str]:
    """Write `.env` and `keys/` into the directory where they are not there; what was done, in words."""
    done = []
    settings, issuer = directory / ".env", Issuer(directory / "keys")
    if not settings.exists():
        example = (HERE / ".env.example").read_text(encoding="utf-8")
        write_private(settings, re.sub(r"(?m)=generate$", lambda _: f"={secrets.token_hex(PASSWORD_BYTES)}", example))
        done.append(f"wrote {settings}, with a random password for each service")
    if not issuer.private_key.exists():
        issuer.prepare()
        issuer.jwks.chmod(READABLE_BY_CONTAINERS)
        done.append(f"made a key pair for trials in {issuer.directory}: journey token --state {issuer.directory} …")
    return done or [f"{settings} and {issuer.directory} are there already; nothing was changed"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(prepare(Path(sys.argv[1]) if sys.argv[1:] else HERE)) + "\n")
