"""The rules of posting fee lines: what a line amounts to, and what a return may return.

Invariant: lines are numbered without a gap and told in that order; all of a command are posted or none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from uuid import UUID

from services.discharge.accounts.model import Account, Charge, ChargeLine, PostCharges, Reason, closed
from shared.decision import Refused
from shared.messages.discharge.accounts import ChargePosted

RETURN: Final = "give a return a negative count, and in return_of an earlier charge_id of this account"


def amount_fen(price_fen: int, count: Decimal) -> int:
    """Price * count in fen, rounded half up, away from zero for a return too (settlement rules, line level)."""
    return int((price_fen * count).to_integral_value(ROUND_HALF_UP))


def post_charges(
    account: Account, command: PostCharges, standing: Mapping[UUID, Charge], now: datetime
) -> tuple[Account, list[Charge], list[ChargePosted]] | Refused:
    """Put the lines on the account. `standing` holds the lines that it has already, by id."""
    if refusal := closed(account):
        return refusal
    charges = [_charge(account.stay_id, no, line, now) for no, line in enumerate(command.lines, account.lines + 1)]
    events = []
    if refusal := _wrong_return(charges, standing):
        return refusal
    for charge in charges:
        account = replace(account.told(), lines=charge.line_no)
        events.append(_posted(account, charge))
    return account, charges, events


def _charge(stay_id: UUID, line_no: int, line: ChargeLine, now: datetime) -> Charge:
    return Charge(
        charge_id=line.charge_id,
        stay_id=stay_id,
        line_no=line_no,
        item_code=line.item_code,
        line_class=line.line_class,
        price_fen=line.price_fen,
        count=line.count,
        price_limit_fen=line.price_limit_fen,
        preself_ratio=line.preself_ratio,
        amount_fen=amount_fen(line.price_fen, line.count),
        encounter_id=line.encounter_id,
        return_of=line.return_of,
        charged_at=line.charged_at or now,
        posted_at=now,
    )


def _wrong_return(charges: Sequence[Charge], standing: Mapping[UUID, Charge]) -> Refused | None:
    """A return names an earlier line of this account, repeats its terms, and no more goes back than was charged."""
    known = dict(standing)
    for charge in charges:
        if (charge.count < 0 or charge.return_of) and (refusal := _wrong(charge, known)):
            return refusal
        known[charge.charge_id] = charge
    return None


def _wrong(charge: Charge, known: Mapping[UUID, Charge]) -> Refused | None:
    original = None if charge.return_of is None else known.get(charge.return_of)
    if original is None or original.return_of is not None or charge.count > 0:
        return Refused(reason=Reason.RETURN_WITHOUT_ORIGINAL, remedy=RETURN)
    if _terms(charge) != _terms(original):
        remedy = "repeat item_code, line_class, price_fen, price_limit_fen and preself_ratio of the original"
        return Refused(reason=Reason.RETURN_DIFFERS, remedy=remedy)
    returned = sum(one.count for one in known.values() if one.return_of == original.charge_id)
    if original.count + returned + charge.count < 0:
        return Refused(reason=Reason.RETURN_TOO_LARGE, remedy="return no more than what was charged")
    return None


def _terms(charge: Charge) -> tuple[object, ...]:
    return charge.item_code, charge.line_class, charge.price_fen, charge.price_limit_fen, charge.preself_ratio


def _posted(account: Account, charge: Charge) -> ChargePosted:
    return ChargePosted(
        stay_id=account.stay_id,
        patient_id=account.patient_id,
        charge_id=charge.charge_id,
        item_code=charge.item_code,
        line_class=charge.line_class,
        amount_fen=charge.amount_fen,
        posted_at=charge.posted_at,
        aggregate_version=account.version,
    )
