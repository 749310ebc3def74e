"""What a room may have: a closed list, so that a misspelt attribute is a fault of its line and not a bed nobody gets.

A hospital with other equipment gives a list of its own (`JOURNEY_BED_ATTRIBUTES`), a JSON file of the same form.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from services.beds.inventory.model import BedLine
from services.beds.scoring.table_file import CODE, RejectedLine

DEFAULT = Path(__file__).with_name("attributes.json")


def listed(path: Path | None = None) -> frozenset[str]:
    """The attributes of a file, or the default ones. Raises `ValueError` for a file that is no such list."""
    given = json.loads((path or DEFAULT).read_text(encoding="utf-8"))
    names = given.get("attributes") if isinstance(given, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) and CODE.fullmatch(name) for name in names):
        raise ValueError('attributes: give {"version": "…", "attributes": ["oxygen", …]}')
    return frozenset(names)


def part(lines: Sequence[BedLine], known: frozenset[str]) -> tuple[list[BedLine], list[RejectedLine]]:
    """The lines whose room has listed attributes only, and what is wrong with the others."""
    good = [line for line in lines if line.room.attributes <= known]
    remedy = f"give some of {', '.join(sorted(known))}"
    return good, [
        RejectedLine(line=line.line, field="attributes", reason="holds something that is on no list", remedy=remedy)
        for line in lines
        if not line.room.attributes <= known
    ]
