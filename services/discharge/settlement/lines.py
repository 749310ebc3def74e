"""One fee line: its amount and the four parts it falls into (settlement rules, line level).

Each amount is rounded half up once, away from zero for a return too, and enters the next as printed; the in-scope
part is the rest. So identity A holds in every line: amount = own pay + over limit + 先行自付 + in scope.
"""

from decimal import Decimal

from services.discharge.settlement.model import Line, LineAnswer, LineClass, Step
from services.discharge.settlement.policy import LimitOrder, Pack
from services.discharge.settlement.rounding import half_up

_FULL = "class 01 甲: amount = price * count; what is not over the limit is in scope"
_PARTIAL = "class 02 乙: amount = price * count; less over the limit, less 先行自付, the rest is in scope"
_OWN = "class 03 丙: amount = price * count; the whole amount is own pay"


def split(line: Line, place: int, pack: Pack) -> tuple[LineAnswer, Step]:
    """The four parts of `lines[place]` in fen, and why."""
    amount = half_up(line.price_fen * line.count)
    if line.line_class is LineClass.OWN:
        own, over, preself = amount, 0, 0
    else:
        own, (over, preself) = 0, _borne(line, amount, pack.line.limit_order)
    answer = LineAnswer(
        name=line.name,
        line_class=line.line_class,
        amount_fen=amount,
        fulamt_ownpay_amt_fen=own,
        overlmt_selfpay_fen=over,
        preselfpay_amt_fen=preself,
        inscp_scp_amt_fen=amount - own - over - preself,
    )
    return answer, _step(line, place, answer, pack)


def _borne(line: Line, amount: int, order: LimitOrder) -> tuple[int, int]:
    """Over-limit and 先行自付 of a line that the scheme covers."""
    ratio = line.preself_ratio if line.line_class is LineClass.PARTIAL else Decimal(0)
    if order is LimitOrder.LIMIT_FIRST:
        over = 0
        if line.price_limit_fen is not None:
            over = half_up(max(0, line.price_fen - line.price_limit_fen) * line.count)
        return over, half_up((amount - over) * ratio) if ratio else 0
    preself = half_up(amount * ratio)
    if line.price_limit_fen is None:
        return 0, preself
    sign = -1 if line.count < 0 else 1
    return sign * half_up(max(Decimal(0), abs(amount - preself) - line.price_limit_fen * abs(line.count))), preself


def _step(line: Line, place: int, answer: LineAnswer, pack: Pack) -> Step:
    covered = _FULL if line.line_class is LineClass.FULL else _PARTIAL
    ordered = answer.overlmt_selfpay_fen and answer.preselfpay_amt_fen
    return Step(
        what=f"lines[{place}], {_OWN if line.line_class is LineClass.OWN else covered}",
        inputs={
            "price_fen": line.price_fen,
            "count": line.count,
            "price_limit_fen": line.price_limit_fen,
            "preself_ratio": line.preself_ratio,
        },
        gives={
            "amount_fen": answer.amount_fen,
            "fulamt_ownpay_amt_fen": answer.fulamt_ownpay_amt_fen,
            "overlmt_selfpay_fen": answer.overlmt_selfpay_fen,
            "preselfpay_amt_fen": answer.preselfpay_amt_fen,
            "inscp_scp_amt_fen": answer.inscp_scp_amt_fen,
        },
        pack=pack.name if ordered else None,
        entries=("line.limit_order",) if ordered else (),
    )
