"""What a field of the export means: ids, days, instants and money.

Invariants: a value is read exactly or refused with `Unreadable`; a refusal names the column and the remedy and never
repeats the value, which may be a patient's.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from shared.clock import EARLIEST, LATEST

AMOUNT = re.compile(r"(-?)([0-9]{1,12}(?:\.[0-9]+)?)", re.ASCII)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
FEN_A_YUAN = 100


class Unreadable(ValueError):
    """A field that cannot be read; the text is the reason for the report."""


def identity(text: str, column: str) -> UUID:
    """An id of Synthea's, which is a UUID."""
    if not UUID_TEXT.fullmatch(text):
        raise Unreadable(f"{column} is not a UUID: give the id that Synthea wrote")
    return UUID(text)


def instant(text: str, column: str) -> datetime:
    """A moment as aware UTC: `2023-01-27T16:17:47Z`, with an offset, without seconds, or a day alone (its 00:00).

    A moment without an offset is UTC, as Synthea writes it.
    """
    if not text:
        raise Unreadable(f"{column} is empty: give a date and time such as 2023-01-27T16:17:47Z")
    try:
        read = datetime.fromisoformat(text)
        moment = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{column} is no date and time: write it as 2023-01-27T16:17:47Z") from None
    if not EARLIEST <= moment < LATEST:
        raise Unreadable(f"{column} is outside {EARLIEST.year}-{LATEST.year - 1}: the clock does not go there")
    return moment


def day(text: str, column: str) -> date:
    """A calendar day in UTC; of a moment, its UTC day."""
    return instant(text, column).date()


def fen(text: str, column: str) -> int:
    """An amount in yuan as whole fen, exactly. Not below zero, and no fraction of a fen."""
    if (found := AMOUNT.fullmatch(text)) is None:
        raise Unreadable(f"{column} is no amount: write yuan as 77.49, below a million million")
    if found[1]:
        raise Unreadable(f"{column} is below zero: a charge is not a return, so write it as 0 or more")
    amount = Decimal(found[2]) * FEN_A_YUAN
    if amount != amount.to_integral_value():
        raise Unreadable(f"{column} has a part of a fen: write at most two decimals")
    return int(amount)


def sex(text: str, column: str) -> str:
    """Administrative sex as F or M, which is what rooms are kept by."""
    if text.upper() not in {"F", "M"}:
        raise Unreadable(f"{column} is neither F nor M: give one of them, rooms are kept by sex")
    return text.upper()
