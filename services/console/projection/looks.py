"""How a bed is shown.

Invariant: every bed has exactly one look.
"""

from enum import StrEnum

from services.console.projection.model import Bed


class Look(StrEnum):
    """How a bed is shown: HL7 table 0116, and reserved, for which the table has no code."""

    OCCUPIED = "occupied"
    RESERVED = "reserved"
    FREE = "free"
    CLEANING = "cleaning"
    CONTAMINATED = "contaminated"
    ISOLATED = "isolated"
    CLOSED = "closed"


LOOKS = {
    "O": Look.OCCUPIED,
    "U": Look.FREE,
    "H": Look.CLEANING,
    "K": Look.CONTAMINATED,
    "I": Look.ISOLATED,
    "C": Look.CLOSED,
}


def look(bed: Bed) -> Look:
    """How the bed is shown. A status that the table does not know is shown as closed: nobody should count on it."""
    shown = LOOKS.get(bed.status, Look.CLOSED)
    return Look.RESERVED if bed.reserved and shown is Look.FREE else shown


def label(id_: str) -> str:
    """The last part of an id that says its place: `north/w03/r12/2` → `2`."""
    return id_.rpartition("/")[2]
