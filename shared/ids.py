"""Where ids come from.

Invariant: a new id is unique and sorts by the wall time of its making; a derived or dated id is the same for the same
name.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import uuid_utils
from uuid_utils.compat import uuid7, uuid8

from shared.clock import EPOCH

MILLISECOND: Final = timedelta(milliseconds=1)


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562). It holds wall time: driven time may lie before 1970, which version 7 cannot say."""
    return uuid7()


def new_text_id() -> str:
    """The same as text; where only that is needed it costs a quarter."""
    return str(uuid_utils.uuid7())


def derived_id(namespace: UUID, name: str) -> UUID:
    """The id (UUIDv5) that `name` always has within `namespace`: what is made twice is made once."""
    return uuid5(namespace, name)


def dated_id(at: datetime, namespace: UUID, name: str) -> UUID:
    """The id (UUIDv8, RFC 9562) that `name` always has within `namespace` and at `at`, a time with a zone.

    It begins with that millisecond, as a UUIDv7 does: rows of one day lie side by side, in the table and in every index
    by this id. An instant before 1970 sorts behind all others.
    """
    same_for_name = derived_id(namespace, name).int
    return uuid8((at - EPOCH) // MILLISECOND % 2**48, same_for_name >> 64 & 0xFFF, same_for_name % 2**62)
