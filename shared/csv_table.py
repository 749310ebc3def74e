"""The edge where a table (CSV) comes in: rows by column name, and every fault by line and field.

Invariant: columns are found by name, unknown ones are passed over, a fault never repeats what a cell held, and what is
taken can be stored.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from itertools import zip_longest
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)
Parsers = Mapping[str, Callable[[str], Any]]

NUL = "\0"
"""What PostgreSQL's text cannot hold; the other character that it cannot is refused by the decoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedLine:
    """One thing wrong with a line of a file; the header is line 1."""

    line: int
    field: str
    reason: str
    remedy: str


class NoTable(ValueError):
    """The content is no such table at all. `faults` holds everything that is wrong with its header."""

    def __init__(self, faults: tuple[RejectedLine, ...]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.reason}" for fault in faults))
        self.faults = faults


class Faulty(ValueError):
    """A cell that cannot be taken: why, and what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is not blank: its cells by column, and whether it has more of them than the header."""

    line: int
    cells: Mapping[str, str]
    surplus: bool

    def parsed(self, parsers: Parsers) -> tuple[dict[str, Any], list[RejectedLine]]:
        """The values of its columns, and what is wrong with those that have none."""
        values: dict[str, Any] = {}
        faults: list[RejectedLine] = []
        for name, parse in parsers.items():
            try:
                values[name] = parse(_storable(self.cells.get(name, "")))
            except Faulty as fault:
                faults.append(self.fault(name, fault.reason, fault.remedy))
        if self.surplus:
            remedy = "put quotes around cells with commas"
            faults.append(self.fault("line", "has more cells than the header", remedy))
        return values, faults

    def fault(self, name: str, reason: str, remedy: str) -> RejectedLine:
        """Something wrong with this line."""
        return RejectedLine(line=self.line, field=name, reason=reason, remedy=remedy)


def rows(content: bytes, required: Iterable[str], optional: Iterable[str] = ()) -> Iterator[Row]:
    """The table's rows. Raises `NoTable` where it cannot be read or a required column is missing, even half-way."""
    try:
        reader = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, tuple(required), tuple(optional))
        for row in reader:
            if row:
                cells = dict(zip_longest(header, (cell.strip() for cell in row[: len(header)]), fillvalue=""))
                yield Row(reader.line_num, cells, len(row) > len(header))
    except UnicodeDecodeError:
        raise NoTable((_of_file("is not in UTF-8", "save the file as CSV in UTF-8"),)) from None
    except csv.Error:
        remedy = "write commas between cells, and quotes around a cell with commas"
        raise NoTable((_of_file("is no CSV", remedy),)) from None


def _storable(cell: str) -> str:
    if NUL in cell:
        raise Faulty("cannot be kept", "leave out U+0000")
    return cell


def _check_header(header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    faults = [_of_header(name, "is a missing column", "add the column") for name in required if name not in header]
    faults += [
        _of_header(name, "is there twice", "keep one of the columns")
        for name in (*required, *optional)
        if header.count(name) > 1
    ]
    if faults:
        raise NoTable(tuple(faults))


def _of_file(reason: str, remedy: str) -> RejectedLine:
    return _of_header("file", reason, remedy)


def _of_header(name: str, reason: str, remedy: str) -> RejectedLine:
    return RejectedLine(line=1, field=name, reason=reason, remedy=remedy)


def choice(choices: type[Choice]) -> Callable[[str], Choice]:
    """Reads one of the values of an enumeration."""

    def parse(text: str) -> Choice:
        try:
            return choices(text)
        except ValueError:
            raise Faulty("is none of the known values", f"give one of {', '.join(choices)}") from None

    return parse
