"""What stands in the cells of bed and request files (CSV): labels, codes, amounts; `shared.csv_table` finds them.

Invariant: what leaves here is in a form that can be scored, and a fault never repeats what a cell held.
"""

import re
from collections.abc import Callable

from services.beds.scoring.model import LARGEST
from shared.csv_table import Faulty, NoTable, Parsers, RejectedLine, Row, choice, rows

__all__ = (
    "Faulty",
    "NoTable",
    "Parsers",
    "RejectedLine",
    "Row",
    "amount",
    "choice",
    "code",
    "code_set",
    "codes",
    "label",
    "labels",
    "rows",
)

LABEL = re.compile(r"[^\s/\x00-\x1f\x7f](?:[^/\x00-\x1f\x7f]{0,38}[^\s/\x00-\x1f\x7f])?")
CODE = re.compile(r"\w[\w.-]{0,63}")


def label(text: str) -> str:
    """A name that people gave to a place."""
    if not LABEL.fullmatch(text):
        raise Faulty("is no label", "give 1 to 40 characters without /")
    return text


def labels(text: str) -> tuple[str, ...]:
    """Labels with ; between them, in order, each once."""
    return _listed(text, label, "give labels with ; between them, such as east;west")


def code(text: str) -> str:
    """A code of ours, such as a specialty's."""
    if not CODE.fullmatch(text):
        raise Faulty("is no code", "give letters, digits, points and dashes, such as cardiology")
    return text


def codes(text: str) -> tuple[str, ...]:
    """Codes with ; between them, in order, each once."""
    return _listed(text, code, "give codes with ; between them, such as oxygen;telemetry")


def code_set(text: str) -> frozenset[str]:
    """Codes with ; between them."""
    return frozenset(codes(text))


def amount(text: str) -> float:
    """A number from 0 to `LARGEST`."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= LARGEST:
        raise Faulty("is no amount", f"give a number from 0 to {LARGEST}, such as 12.5")
    return number


def _listed(text: str, parse: Callable[[str], str], remedy: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(parse(part.strip()) for part in text.split(";") if part.strip()))
    except Faulty as fault:
        raise Faulty(f"holds something that {fault.reason}", remedy) from None
