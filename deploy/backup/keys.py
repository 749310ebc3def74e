"""The keys of backups: age keys (X25519), in files as `age-keygen` writes them.

Whoever backs up needs the public half only; the private half can stay where nothing else is, until a restore.
Invariant: a key file that is made here is readable by its owner only, and an existing one is never overwritten.
"""

from pathlib import Path

import pyrage
from pyrage.x25519 import Identity, Recipient

from deploy.backup.faults import BackupFailed
from deploy.local.files import write_private

PRIVATE = "AGE-SECRET-KEY-"
PUBLIC = "age1"


def make_key(path: Path) -> str:
    """Write a new key pair; returns its public half."""
    if path.exists():
        raise BackupFailed(f"{path} exists already: a key is never overwritten, name another file")
    identity = Identity.generate()
    write_private(path, f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def public_half(path: Path) -> Recipient:
    """What to encrypt for: the file holds a public key, or a private one whose public half it is."""
    line = _key(path)
    try:
        return Identity.from_str(line).to_public() if line.startswith(PRIVATE) else Recipient.from_str(line)
    except (pyrage.IdentityError, pyrage.RecipientError):
        raise _spoilt(path) from None


def private_half(path: Path) -> Identity:
    """What to decrypt with."""
    line = _key(path)
    if not line.startswith(PRIVATE):
        raise BackupFailed(f"{path} holds a public key only: give the file with the private one ({PRIVATE}…)")
    try:
        return Identity.from_str(line)
    except pyrage.IdentityError:
        raise _spoilt(path) from None


def _spoilt(path: Path) -> BackupFailed:
    return BackupFailed(f"the key in {path} is not whole: copy it again from where it is kept")


def _key(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise BackupFailed(f"{path} is no readable key file: make one with `journey backup --new-key FILE`") from None
    found = [line.strip() for line in lines if line.strip().startswith((PRIVATE, PUBLIC))]
    if len(found) != 1:
        raise BackupFailed(f"{path} holds {len(found)} age keys: it must hold one ({PRIVATE}… or {PUBLIC}…)")
    return found[0]
