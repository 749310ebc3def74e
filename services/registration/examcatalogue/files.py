"""The edge where the catalogue comes in as CSV: lines that can be taken, every fault of the others by line and field.

Invariant: a line is taken whole or not at all, and no fault repeats what a cell held.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, Generic, TypeVar

from services.registration.examcatalogue.model import (
    Contrast,
    ExamDevice,
    ExamItem,
    ExamRule,
    Modality,
    OpenHours,
    Preparation,
    Rejected,
)
from shared.csv_table import Faulty, choice, rows

Line = TypeVar("Line")

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
DAYS = re.compile(r"([1-7])(?:-([1-7]))?")
LONGEST_TEXT = 500
MINUTES_A_DAY = 24 * 60
MOST_INTERVAL_MINUTES = 366 * MINUTES_A_DAY
MOST_FEN = 100_000_000
MOST_DIGITS = len(str(MOST_FEN))
TICK_MINUTES = 5
FEWEST_DAYS, MOST_DAYS = 7, 30


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise Faulty("is no code", "give 1 to 64 letters, digits, points and dashes, such as ct-chest")
    return text


def _code_or_none(text: str) -> str | None:
    return _code(text) if text else None


def _codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_code(part.strip()) for part in text.split(";") if part.strip()))


def _text(text: str) -> str:
    if not text or len(text) > LONGEST_TEXT:
        raise Faulty("is empty or too long", f"give 1 to {LONGEST_TEXT} characters")
    return text


def _number(least: int, most: int, text: str) -> int:
    written = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not (written and least <= int(text) <= most):
        raise Faulty("is no number that fits", f"give a whole number from {least} to {most}")
    return int(text)


def _minutes(text: str) -> int:
    minutes = _number(TICK_MINUTES, MINUTES_A_DAY, text)
    if minutes % TICK_MINUTES:
        raise Faulty("is not a multiple of five", "give 5, 10, 15 … minutes")
    return minutes


def _interval(text: str) -> int | None:
    return None if text == "never" else _number(0, MOST_INTERVAL_MINUTES, text)


def _recognition(text: str) -> int:
    days = _number(0, MOST_DAYS, text)
    if 0 < days < FEWEST_DAYS:
        raise Faulty("is too short", f"give {FEWEST_DAYS} to {MOST_DAYS} days, or 0 where no result is recognised")
    return days


def _contrast(text: str) -> Contrast | None:
    return choice(Contrast)(text) if text else None


def hours(text: str) -> tuple[OpenHours, ...]:
    """`1-5 08:00-12:00 13:30-17:30;6 08:00-12:00`: days, then spans. Raises `Faulty`."""
    remedy = "write days and spans, such as 1-5 08:00-12:00 13:30-17:30;6 08:00-12:00"
    found: list[OpenHours] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        days, *spans = part.split()
        weekdays, opened = DAYS.fullmatch(days), [SPAN.fullmatch(span) for span in spans]
        if weekdays is None or not opened or None in opened:
            raise Faulty("is no week of hours", remedy)
        for weekday in range(int(weekdays[1]), int(weekdays[2] or weekdays[1]) + 1):
            for span in filter(None, opened):
                opens, closes = (int(span[one]) * 60 + int(span[one + 1]) for one in (1, 3))
                found.append(OpenHours(weekday=weekday, from_minute=opens, to_minute=closes))
    ordered = sorted(found, key=lambda one: (one.weekday, one.from_minute))
    clash = any(a.weekday == b.weekday and b.from_minute < a.to_minute for a, b in pairwise(ordered))
    if not found or clash or any(not one.from_minute < one.to_minute <= MINUTES_A_DAY for one in found):
        raise Faulty("has hours that end before they start, overlap, or none at all", remedy)
    return tuple(ordered)


class Table(Generic[Line]):
    """One kind of file: its columns, each with its parser, the first of them the key; and what a line becomes."""

    def __init__(self, make: Callable[..., Line], parsers: Mapping[str, Callable[[str], Any]]) -> None:
        self._make = make
        self._parsers = parsers
        self.key = next(iter(parsers))

    def read(self, content: bytes) -> tuple[dict[int, Line], list[Rejected]]:
        """The good lines by number and the faults of the others. Raises `NoTable` without a header to go by."""
        lines: dict[int, Line] = {}
        rejected: list[Rejected] = []
        first: dict[str, int] = {}
        for row in rows(content, self._parsers):
            values, faults = row.parsed(self._parsers)
            if not faults and first.setdefault(values[self.key], row.line) != row.line:
                faults = [row.fault(self.key, f"stands in line {first[values[self.key]]} too", "keep one of the lines")]
            if faults:
                rejected += [
                    Rejected(line=one.line, field=one.field, reason=one.reason, remedy=one.remedy) for one in faults
                ]
            else:
                lines[row.line] = self._make(**values)
        return lines, rejected


ITEMS = Table(
    ExamItem,
    {
        "item_code": _code,
        "modality": choice(Modality),
        "name_zh": _text,
        "name_en": _text,
        "minutes": _minutes,
        "fasting_hours": partial(_number, 0, 24),
        "contrast": _contrast,
        "tags": lambda text: frozenset(_codes(text)),
        "preparations": _codes,
        "price_fen": partial(_number, 0, MOST_FEN),
        "recognition_days": _recognition,
        "source": _text,
    },
)
RULES = Table(
    ExamRule,
    {"rule_id": _code, "earlier_tag": _code, "later_tag": _code, "minutes": _interval, "source": _text},
)
PREPARATIONS = Table(
    Preparation,
    {"preparation_code": _code, "condition": _code_or_none, "text_zh": _text, "text_en": _text, "source": _text},
)
DEVICES = Table(
    ExamDevice,
    {
        "device_id": _code,
        "campus_id": _code,
        "room": _text,
        "modality": choice(Modality),
        "items": _codes,
        "reading_campus_id": _code,
        "hours": hours,
    },
)


def unknown(lines: Mapping[int, Line], field: str, known: Collection[str]) -> list[Rejected]:
    """Lines that name, in `field`, something that nobody knows."""
    remedy = "import what it names first, or take it out"
    return [
        Rejected(line=line, field=field, reason="names something unknown", remedy=remedy)
        for line, one in lines.items()
        if not set(getattr(one, field)) <= set(known)
    ]
