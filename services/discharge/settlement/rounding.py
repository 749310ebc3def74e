"""Exact decimals, and the one rounding there is: half up to whole fen, away from zero for negative amounts too.

No digit is lost before it: the context holds the longest product that a case can ask for.
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


def half_up(fen: Decimal | Fraction) -> int:
    """Whole fen; exactly half goes away from zero."""
    if isinstance(fen, Decimal):
        return int(fen.to_integral_value(ROUND_HALF_UP))
    whole = int(abs(fen) + Fraction(1, 2))
    return whole if fen >= 0 else -whole


def shown(fen: Decimal | Fraction) -> int | Decimal:
    """An unrounded amount for a step: whole fen as an integer, else a decimal of at most six places."""
    if fen == int(fen):
        return int(fen)
    exact = fen if isinstance(fen, Decimal) else Decimal(fen.numerator) / fen.denominator
    return Decimal(format(exact.quantize(Decimal("0.000001")).normalize(), "f"))
