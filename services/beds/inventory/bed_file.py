"""The edge where a bed file comes in, as CSV or as JSON: good lines, and every fault of the others by line and field.

Invariant: what leaves here as a `BedLine` can be scored; bed ids are unique and a room's lines agree on its traits.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.beds.inventory.model import BedLine, Room
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, Sex, SexPolicy
from services.beds.scoring.table_file import (
    Faulty,
    Parsers,
    RejectedLine,
    Row,
    choice,
    code,
    code_set,
    codes,
    label,
    rows,
)

BAND = re.compile(r"(\d{1,4})-(\d{1,4})")
MOST_REMEMBERED = 4096
LABELS = ("campus", "ward", "room", "bed")
REQUIRED = (
    *("campus", "ward", "specialty", "overflow", "room", "bed", "status", "sex_policy", "room_sex", "attributes"),
    *("age_group", "isolation"),
)
OPTIONAL = ("stay_band", "building")
KEPT_TRAITS = ("sex_policy", "age_group", "isolation", "attributes")
ROOM_TRAITS = (*KEPT_TRAITS, "room_sex")
OF_A_BED = ("specialty", "overflow", "stay_band", "status", "room_sex")


@dataclass(slots=True)
class Reading:
    """The lines read so far: who had a bed id or a room first."""

    lines: list[BedLine] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    beds: dict[str, int] = field(default_factory=dict)
    buildings: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    rooms: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)


def read(content: bytes) -> tuple[list[BedLine], list[RejectedLine]]:
    """The good lines and the faults of the others. Raises `NoTable` when not even the header can be read."""
    return _read(rows(content, REQUIRED, OPTIONAL))


def read_listed(beds: Iterable[Mapping[str, str | list[str] | None]]) -> tuple[list[BedLine], list[RejectedLine]]:
    """The same of a list of objects with the columns' names; the first has line 1. Lists stand for cells with `;`."""
    return _read(Row(line, _cells(one), surplus=False) for line, one in enumerate(beds, 1))


def _read(given: Iterable[Row]) -> tuple[list[BedLine], list[RejectedLine]]:
    reading = Reading()
    for row in given:
        _read_row(reading, row)
    return reading.lines, reading.rejected


def _cells(one: Mapping[str, str | list[str] | None]) -> dict[str, str]:
    return {name: ";".join(value) if isinstance(value, list) else (value or "").strip() for name, value in one.items()}


def _read_row(reading: Reading, row: Row) -> None:
    """Take one line, or note everything that is wrong with it."""
    values, faults = row.parsed(PARSERS)
    faults = faults or _clashes(reading, row, values)
    if faults:
        reading.rejected.extend(faults)
        return
    ward_id = f"{values['campus']}/{values['ward']}"
    room_id = f"{ward_id}/{values['room']}"
    room = Room(room_id=room_id, ward_id=ward_id, **{name: values[name] for name in KEPT_TRAITS})
    reading.lines.append(
        BedLine(
            line=row.line,
            bed_id=f"{room_id}/{values['bed']}",
            campus_id=values["campus"],
            building=values["building"],
            room=room,
            **{name: values[name] for name in OF_A_BED},
        )
    )


def _clashes(reading: Reading, row: Row, values: Mapping[str, Any]) -> list[RejectedLine]:
    """What this line has against the ones before it. The first line of a bed and of a room counts."""
    bed_id = "/".join(values[name] for name in LABELS)
    first = reading.beds.setdefault(bed_id, row.line)
    if first != row.line:
        return [row.fault("bed", f"is the bed of line {first} again", "keep one of the lines")]
    ward_id = f"{values['campus']}/{values['ward']}"
    first, building = reading.buildings.setdefault(ward_id, (row.line, values["building"]))
    if building != values["building"]:
        remedy = "give all beds of a ward the same"
        return [row.fault("building", f"differs from line {first}, which is of the same ward", remedy)]
    of_room = tuple(values[name] for name in ROOM_TRAITS)
    first, known = reading.rooms.setdefault(bed_id.rpartition("/")[0], (row.line, of_room))
    return [
        row.fault(name, f"differs from line {first}, which is of the same room", "give all beds of a room the same")
        for name, own, others in zip(ROOM_TRAITS, of_room, known, strict=True)
        if own != others
    ]


def _band(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = BAND.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise Faulty("is no range of days", "give first and last day, such as 1-3, or leave it empty")
    return int(found[1]), int(found[2])


def _room_sex(text: str) -> Sex | None:
    if text not in ("F", "M", ""):
        raise Faulty("is none of the known values", "give F or M, or leave it empty")
    return Sex(text) if text else None


PARSERS: Parsers = {
    name: lru_cache(MOST_REMEMBERED)(parse)
    for name, parse in (
        *((place, label) for place in LABELS),
        ("specialty", code),
        ("overflow", codes),
        ("stay_band", _band),
        ("building", lambda text: label(text) if text else None),
        ("status", choice(BedStatus)),
        ("sex_policy", choice(SexPolicy)),
        ("age_group", choice(AgeGroup)),
        ("isolation", choice(Isolation)),
        ("attributes", code_set),
        ("room_sex", _room_sex),
    )
}
"""Each column's own parser. What they made is remembered: a file says the same few things thousands of times."""
