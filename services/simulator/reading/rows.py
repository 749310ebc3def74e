"""The rows of one CSV file, by column name, each with the physical line on which it begins.

Invariants: the file is streamed, never held; a row that cannot be split into fields costs that row and no other, even
when its quotation mark never closes.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TextIO

OPEN_QUOTE = "the quotation marks do not pair: close each one, and write one inside a field twice"


def missing_columns(path: Path, columns: Sequence[str]) -> list[str]:
    """The names in `columns` that the file's header lacks. Raises `OSError` when the file cannot be opened."""
    with opened(path) as file:
        try:
            header = next(csv.reader(file, strict=True), [])
        except csv.Error:
            header = []
        return [name for name in columns if name.casefold() not in places_of(header)]


def rows(
    path: Path, columns: Sequence[str], on_broken: Callable[[int, str], None]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each row's line and its fields in the order of `columns`, stripped of blanks.

    A row that cannot be split goes to `on_broken` with its line and the reason. Blank lines are no rows.
    """
    with opened(path) as file:
        lines = PhysicalLines(file)
        reader = csv.reader(lines, strict=True)
        header = next(reader)
        places = places_of(header)
        pick = itemgetter(*(places[name.casefold()] for name in columns))
        while True:
            lines.begin_row()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                on_broken(lines.row_line, OPEN_QUOTE)
                lines.give_back_all_but_first()
                continue
            if len(fields) == len(header):
                yield lines.row_line, tuple(map(str.strip, pick(fields)))
            elif fields:
                on_broken(lines.row_line, f"{len(fields)} fields where the header has {len(header)}: mend the commas")
                lines.give_back_all_but_first()


def opened(path: Path) -> TextIO:
    """The file as text. A byte that is no UTF-8 spoils its own field, not the file."""
    return path.open(newline="", encoding="utf-8-sig", errors="replace")


def places_of(names: Sequence[str]) -> dict[str, int]:
    """Where each column stands; of two with one name the first counts. Upper and lower case are the same."""
    return {name.strip().casefold(): place for place, name in reversed(list(enumerate(names)))}


class PhysicalLines(Iterator[str]):
    """The lines of a file, which can be given back when the row that took them turns out to be none."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: list[str] = []
        self._taken: list[str] = []
        self._next_line = 1
        self.row_line = 1

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._file)
        self._taken.append(line)
        self._next_line += 1
        return line

    def begin_row(self) -> None:
        """The next line belongs to a new row."""
        self._taken.clear()
        self.row_line = self._next_line

    def give_back_all_but_first(self) -> None:
        """Read the lines that the broken row swallowed again, each as the beginning of a row."""
        swallowed = self._taken[1:]
        self._waiting.extend(reversed(swallowed))
        self._next_line -= len(swallowed)
