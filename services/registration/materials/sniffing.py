"""What bytes are, by the bytes themselves: neither a name nor a header of the sender's is asked.

Invariant: nothing is ever unpacked or rendered here; a type that is not named here is not allowed.
"""

from typing import Final

from filetype import guess_mime

ALLOWED: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "application/dicom"})
DICOM: Final = "application/dicom"
PREAMBLE_BYTES: Final = 132
"""128 of the preamble and "DICM" (DICOM PS3.10, 7.1)."""
GROUP_LENGTH: Final = b"\x02\x00\x00\x00UL\x04\x00"
"""The element (0002,0000) that every DICOM file has behind the preamble, explicit little endian."""


def media_type(head: bytes, size_bytes: int) -> str | None:
    """The type of a file of that size that begins with `head`, or None for what is not allowed or cut off in a header.

    A DICOM file must be as long as its file meta group says that this group alone is.
    """
    kind = guess_mime(head)
    if kind not in ALLOWED or (kind == DICOM and not _has_meta_group(head, size_bytes)):
        return None
    return str(kind)


def _has_meta_group(head: bytes, size_bytes: int) -> bool:
    begins = PREAMBLE_BYTES + len(GROUP_LENGTH)
    if head[PREAMBLE_BYTES:begins] != GROUP_LENGTH or len(head) < begins + 4:
        return False
    return begins + 4 + int.from_bytes(head[begins : begins + 4], "little") <= size_bytes
