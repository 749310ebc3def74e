"""The rules of an import: which lines of a bed file the pool can take, and what is said of the others.

Values in, values out. Invariant: an import puts nobody into a bed and changes no room under those who lie there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.beds.inventory.model import Bed, BedLine
from services.beds.scoring.model import BedStatus
from services.beds.scoring.table_file import RejectedLine

WITH_A_PATIENT = (BedStatus.OCCUPIED, BedStatus.RESERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: good lines, how many of them were new beds, and everything wrong with the others.

    Beds that were there took the file's traits and kept their status.
    """

    imported: int
    added: int
    rejected_rows: tuple[RejectedLine, ...]


def rejected_by_pool(lines: Sequence[BedLine], known: Mapping[str, Bed]) -> tuple[list[BedLine], list[RejectedLine]]:
    """Part the good lines into those the pool can take and those it cannot, `known` being the beds of their rooms."""
    in_use = {bed.room.room_id: bed.room.sex_policy for bed in known.values() if bed.stay_id is not None}
    good: list[BedLine] = []
    rejected: list[RejectedLine] = []
    for line in lines:
        if line.bed_id not in known and line.status in WITH_A_PATIENT:
            remedy = "import the bed as U, then admit whoever lies there"
            rejected.append(_rejected(line, "status", "is a new bed with a patient nobody knows", remedy))
        elif line.room.sex_policy is not in_use.get(line.room.room_id, line.room.sex_policy):
            remedy = "import it again when nobody lies or is expected in the room"
            rejected.append(_rejected(line, "sex_policy", "would change while the room is in use", remedy))
        else:
            good.append(line)
    return good, rejected


def _rejected(line: BedLine, field: str, reason: str, remedy: str) -> RejectedLine:
    return RejectedLine(line=line.line, field=field, reason=reason, remedy=remedy)
