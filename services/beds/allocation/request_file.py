"""The edge where a table of requests (CSV) comes in: patients who wait, and what is wrong with the other lines.

Invariant: what leaves here as a `Waiting` can be scored, and no two have one id.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from services.beds.scoring.model import TRIAGE_LEVELS, AdmissionClass, Isolation, Sex, Unscorable, Waiting
from services.beds.scoring.table_file import (
    Faulty,
    Parsers,
    RejectedLine,
    Row,
    amount,
    choice,
    code,
    code_set,
    label,
    labels,
    rows,
)

ID = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?")
OPTIONAL = ("immediate",)
T = TypeVar("T")


def read(content: bytes) -> tuple[list[Waiting], list[RejectedLine]]:
    """The patients of the good lines and the faults of the others. Raises `NoTable` where the header is not good."""
    waiting: list[Waiting] = []
    rejected: list[RejectedLine] = []
    first: dict[str, int] = {}
    for row in rows(content, (name for name in PARSERS if name not in OPTIONAL), OPTIONAL):
        found = _read_row(row, first)
        if isinstance(found, Waiting):
            waiting.append(found)
        else:
            rejected += found
    return waiting, rejected


def _read_row(row: Row, first: dict[str, int]) -> Waiting | list[RejectedLine]:
    values, faults = row.parsed(PARSERS)
    if faults:
        return faults
    line = first.setdefault(values["id"], row.line)
    if line != row.line:
        return [row.fault("id", f"is the request of line {line} again", "keep one of the lines")]
    try:
        return Waiting(**{ATTRIBUTES.get(name, name): value for name, value in values.items()})
    except Unscorable as fault:
        return [row.fault(fault.field, "does not fit the rest of the line", fault.remedy)]


def _id(text: str) -> str:
    if not ID.fullmatch(text):
        raise Faulty("is no id", "give 1 to 100 characters")
    return text


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise Faulty("is neither yes nor no", "give 1 or 0")
    return text == "1"


def _share(text: str) -> float:
    number = amount(text)
    if number > 1:
        raise Faulty("is more than 1", "give a number from 0 to 1")
    return number


def _triage(text: str) -> int:
    if text not in map(str, TRIAGE_LEVELS):
        raise Faulty("is no triage level", "give 1, 2, 3 or 4, or leave it empty")
    return int(text)


def _or_none(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: parse(text) if text else None


PARSERS: Parsers = {
    "id": _id,
    "specialty": code,
    "campus": label,
    "reachable_campuses": lambda text: frozenset(labels(text)),
    "sex": choice(Sex),
    "age": amount,
    "triage": _or_none(_triage),
    "class": choice(AdmissionClass),
    "waited_hours": amount,
    "rw": _or_none(amount),
    "level4": _flag,
    "department_cmi": amount,
    "social_points": _share,
    "needs": code_set,
    "isolation": choice(Isolation),
    "expected_days": amount,
    "immediate": lambda text: _flag(text or "0"),
}
"""Each column's own parser."""

ATTRIBUTES = {
    "id": "request_id",
    "reachable_campuses": "reachable",
    "age": "age_years",
    "class": "admission_class",
}
"""Where a column and the value that it fills have different names."""
