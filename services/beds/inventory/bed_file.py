"""The edge where a bed file (CSV) comes in: lines that can be taken, and every fault of the others by line and field.

Invariant: what leaves here as a `BedLine` can be scored; bed ids are unique and a room's lines agree on its traits.
Columns are found by name, unknown ones are passed over. `room_sex` is checked but not kept: it follows from the stays.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from itertools import zip_longest
from typing import Any, TypeVar

from services.beds.inventory.model import BedLine, RejectedLine, Room
from services.beds.scoring.model import AgeGroup, BedStatus, Isolation, SexPolicy

LABEL = re.compile(r"[^\s/\x00-\x1f\x7f](?:[^/\x00-\x1f\x7f]{0,38}[^\s/\x00-\x1f\x7f])?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
BAND = re.compile(r"(\d{1,4})-(\d{1,4})")
MOST_REMEMBERED = 4096
LABELS = ("campus", "ward", "room", "bed")
REQUIRED = (
    *("campus", "ward", "specialty", "overflow", "room", "bed", "status", "sex_policy", "room_sex", "attributes"),
    *("age_group", "isolation"),
)
KEPT_TRAITS = ("sex_policy", "age_group", "isolation", "attributes")
ROOM_TRAITS = (*KEPT_TRAITS, "room_sex")
OF_A_BED = ("specialty", "overflow", "stay_band", "status")

Choice = TypeVar("Choice", bound=StrEnum)


class NoBedFile(ValueError):
    """The text is no bed file at all. `faults` holds everything that is wrong with its header."""

    def __init__(self, faults: tuple[RejectedLine, ...]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.reason}" for fault in faults))
        self.faults = faults


class Faulty(ValueError):
    """A cell that cannot be taken: why, and what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(slots=True)
class Reading:
    """The lines read so far: who had a bed id or a room first."""

    lines: list[BedLine] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    beds: dict[str, int] = field(default_factory=dict)
    rooms: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)


def read(content: bytes) -> tuple[list[BedLine], list[RejectedLine]]:
    """The good lines and the faults of the others. Raises `NoBedFile` when not even the header can be read."""
    reading = Reading()
    try:
        for line, cells, surplus in _rows(content):
            _read_line(reading, line, cells, surplus=surplus)
    except csv.Error:
        fault = _fault(1, "file", "is no CSV", "write commas between cells, and quotes around a cell with commas")
        raise NoBedFile((fault,)) from None
    return reading.lines, reading.rejected


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str], bool]]:
    """The header checked, then each line that is not blank with its cells by column, and whether it has too many."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoBedFile((_fault(1, "file", "is not in UTF-8", "save the file as CSV in UTF-8"),)) from None
    reader = csv.reader(StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    faults = [_fault(1, name, "is a missing column", "add the column") for name in REQUIRED if name not in header]
    faults += [
        _fault(1, name, "is there twice", "keep one of the columns")
        for name in (*REQUIRED, "stay_band")
        if header.count(name) > 1
    ]
    if faults:
        raise NoBedFile(tuple(faults))
    return _cells(reader, header)


def _cells(reader: Any, header: list[str]) -> Iterator[tuple[int, dict[str, str], bool]]:  # noqa: ANN401 - csv's own
    for row in reader:
        if row:
            cells = dict(zip_longest(header, (cell.strip() for cell in row[: len(header)]), fillvalue=""))
            yield reader.line_num, cells, len(row) > len(header)


def _read_line(reading: Reading, line: int, cells: Mapping[str, str], *, surplus: bool) -> None:
    """Take one line, or note everything that is wrong with it."""
    faults: list[RejectedLine] = []
    values: dict[str, Any] = {}
    for name, parse in PARSERS.items():
        try:
            values[name] = parse(cells.get(name, ""))
        except Faulty as fault:
            faults.append(_fault(line, name, fault.reason, fault.remedy))
    if surplus:
        faults.append(_fault(line, "line", "has more cells than the header", "put quotes around cells with commas"))
    faults = faults or _clashes(reading, line, values)
    if faults:
        reading.rejected.extend(faults)
        return
    ward_id = f"{values['campus']}/{values['ward']}"
    room_id = f"{ward_id}/{values['room']}"
    room = Room(room_id=room_id, ward_id=ward_id, **{name: values[name] for name in KEPT_TRAITS})
    reading.lines.append(
        BedLine(
            line=line,
            bed_id=f"{room_id}/{values['bed']}",
            campus_id=values["campus"],
            room=room,
            **{name: values[name] for name in OF_A_BED},
        )
    )


def _clashes(reading: Reading, line: int, values: Mapping[str, Any]) -> list[RejectedLine]:
    """What this line has against the ones before it. The first line of a bed and of a room counts."""
    bed_id = "/".join(values[name] for name in LABELS)
    first = reading.beds.setdefault(bed_id, line)
    if first != line:
        return [_fault(line, "bed", f"is the bed of line {first} again", "keep one of the lines")]
    of_room = tuple(values[name] for name in ROOM_TRAITS)
    first, known = reading.rooms.setdefault(bed_id.rpartition("/")[0], (line, of_room))
    return [
        _fault(line, name, f"differs from line {first}, which is of the same room", "give all beds of a room the same")
        for name, own, others in zip(ROOM_TRAITS, of_room, known, strict=True)
        if own != others
    ]


def _label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise Faulty("is no label", "give 1 to 40 characters without /")
    return text


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise Faulty("is no code", "give letters, digits, points and dashes, such as cardiology")
    return text


def _codes(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(_code(part.strip()) for part in text.split(";") if part.strip()))
    except Faulty:
        remedy = "give codes with ; between them, such as oxygen;telemetry"
        raise Faulty("holds something that is no code", remedy) from None


def _choice(choices: type[Choice]) -> Callable[[str], Choice]:
    def parse(text: str) -> Choice:
        try:
            return choices(text)
        except ValueError:
            raise Faulty("is none of the known values", f"give one of {', '.join(choices)}") from None

    return parse


def _band(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = BAND.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise Faulty("is no range of days", "give first and last day, such as 1-3, or leave it empty")
    return int(found[1]), int(found[2])


def _room_sex(text: str) -> str:
    if text not in ("F", "M", ""):
        raise Faulty("is none of the known values", "give F or M, or leave it empty")
    return text


def _attributes(text: str) -> frozenset[str]:
    return frozenset(_codes(text))


PARSERS: Mapping[str, Callable[[str], Any]] = {
    name: lru_cache(MOST_REMEMBERED)(parse)
    for name, parse in (
        *((label, _label) for label in LABELS),
        ("specialty", _code),
        ("overflow", _codes),
        ("stay_band", _band),
        ("status", _choice(BedStatus)),
        ("sex_policy", _choice(SexPolicy)),
        ("age_group", _choice(AgeGroup)),
        ("isolation", _choice(Isolation)),
        ("attributes", _attributes),
        ("room_sex", _room_sex),
    )
}
"""Each column's own parser. What they made is remembered: a file says the same few things thousands of times."""


def _fault(line: int, name: str, reason: str, remedy: str) -> RejectedLine:
    return RejectedLine(line=line, field=name, reason=reason, remedy=remedy)
