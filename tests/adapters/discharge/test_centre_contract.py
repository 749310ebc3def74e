"""The contract of the insurance port. Every adapter runs through it; `WAYS` lists how each is reached.

A real centre's test environment is one more entry: an adapter, and a way to insure an invented person there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import httpx
import pytest

from services.discharge.insurance.adapter import HttpCentre
from services.discharge.insurance.model import Admission, BillToSettle, FeeLine, Institution, msgid
from services.discharge.insurance.port import Centre, Declined, Unanswered, Unreachable
from shared.clock import wall_now
from shared.ids import new_id
from tests.support.service import NOON

HOSPITAL = Institution(code="H11010100001", area="110101", level=3)


class Memory:
    """Keeps raw calls in a list."""

    def __init__(self):
        self.calls = []

    async def asked(self, msgid, infno, request):
        self.calls.append((infno, msgid, request))

    async def answered(self, msgid, answer, outcome):
        self.calls.append((outcome, msgid, answer))


@dataclass
class Way:
    """How a centre is reached in this suite."""

    centre: Centre
    insure: Callable[..., Awaitable[None]]
    fault: Callable[..., Awaitable[None]]
    kept: Memory
    number: int = 0

    def msgid(self):
        self.number += 1
        return msgid(HOSPITAL, wall_now(), self.number)


@asynccontextmanager
async def simulated(centre) -> AsyncIterator[Way]:
    """The simulated centre over real HTTP."""
    kept = Memory()
    async with httpx.AsyncClient(base_url=centre.url, timeout=1.5, trust_env=False) as client:
        yield Way(HttpCentre(client, HOSPITAL, kept), centre.insure, centre.fault, kept)


WAYS = {"simulated": simulated}


@pytest.fixture(params=WAYS)
async def way(request, centre) -> AsyncIterator[Way]:
    """One way to reach a centre."""
    async with WAYS[request.param](centre) as reached:
        yield reached


def fee(number=1, price_fen=1_000_000, count="1", **terms):
    return FeeLine(
        number=number,
        returns=terms.get("returns"),
        item_code="drug-1",
        line_class=terms.get("line_class", "01"),
        price_fen=price_fen,
        count=Decimal(count),
        price_limit_fen=terms.get("price_limit_fen"),
        preself_ratio=Decimal(terms.get("preself_ratio", "0")),
        amount_fen=int(price_fen * Decimal(count)),
        charged_at=NOON,
    )


async def visited(way, *lines, balance_fen=0, psn_no=None):
    """A bill that is ready to settle."""
    psn_no = psn_no or str(new_id())
    await way.insure(psn_no, balance_fen=balance_fen)
    stay = Admission(stay_id=new_id(), psn_no=psn_no, insutype="310", began_at=NOON)
    mdtrt_id = await way.centre.admit(way.msgid(), stay)
    lines = lines or (fee(),)
    await way.centre.upload(way.msgid(), psn_no, mdtrt_id, lines)
    return BillToSettle(
        psn_no=psn_no,
        insutype="310",
        mdtrt_id=mdtrt_id,
        medfee_sumamt_fen=sum(line.amount_fen for line in lines),
        ended_on=date(2026, 3, 2),
    )


async def test_a_person_is_known_with_scheme_and_account(way):
    psn_no = str(new_id())
    await way.insure(psn_no, retired=True, balance_fen=1_234)
    insured = await way.centre.person(way.msgid(), psn_no)
    assert (insured.insutype, insured.retired, insured.low_income, insured.balance_fen) == ("310", True, False, 1_234)
    assert await way.centre.entitled(way.msgid(), insured, date(2026, 3, 2))
    assert not await way.centre.entitled(way.msgid(), replace(insured, insutype="390"), date(2026, 3, 2))
    with pytest.raises(Declined):
        await way.centre.person(way.msgid(), str(new_id()))


async def test_presettling_says_what_settling_gives_and_changes_nothing(way):
    bill = await visited(way, balance_fen=20_000)
    figures = await way.centre.presettle(way.msgid(), bill)
    insured = await way.centre.person(way.msgid(), bill.psn_no)
    assert (await way.centre.year_to_date(way.msgid(), insured, 2026)).settlements == 0
    settling = way.msgid()
    settled = await way.centre.settle(settling, bill)
    assert settled.figures == figures
    assert settled.medins_setl_id == settling
    assert (figures.act_pay_dedc_fen, figures.acct_pay_fen) == (130_000, 20_000)


async def test_a_settlement_uses_up_the_year_and_the_account(way):
    bill = await visited(way, balance_fen=500_000)
    settled = await way.centre.settle(way.msgid(), bill)
    insured = await way.centre.person(way.msgid(), bill.psn_no)
    assert insured.balance_fen == 500_000 - settled.figures.acct_pay_fen
    year = await way.centre.year_to_date(way.msgid(), insured, 2026)
    burden = settled.figures.inscp_scp_amt_fen - settled.figures.hifp_pay_fen - settled.figures.hifob_pay_fen
    assert (year.settlements, year.hifp_pay_fen, year.compliant_burden_fen) == (
        1,
        settled.figures.hifp_pay_fen,
        burden,
    )
    assert (await way.centre.year_to_date(way.msgid(), insured, 2027)).settlements == 0


async def test_the_same_msgid_settles_once_and_gets_the_same_answer(way):
    bill, settling = await visited(way), way.msgid()
    first = await way.centre.settle(settling, bill)
    assert await way.centre.settle(settling, bill) == first
    with pytest.raises(Declined):
        await way.centre.settle(way.msgid(), bill)


async def test_what_was_settled_can_be_asked_for_by_its_msgid(way):
    bill, settling = await visited(way), way.msgid()
    assert await way.centre.settlement(way.msgid(), bill, settling) is None
    settled = await way.centre.settle(settling, bill)
    assert await way.centre.settlement(way.msgid(), bill, settling) == settled


async def test_a_reversed_msgid_has_no_effect_before_or_after(way):
    bill, settling, late = await visited(way, balance_fen=70_000), way.msgid(), way.msgid()
    await way.centre.settle(settling, bill)
    await way.centre.reverse(way.msgid(), bill.psn_no, settling, "2304")
    await way.centre.reverse(way.msgid(), bill.psn_no, settling, "2304")
    assert await way.centre.settlement(way.msgid(), bill, settling) is None
    assert (await way.centre.person(way.msgid(), bill.psn_no)).balance_fen == 70_000
    await way.centre.reverse(way.msgid(), bill.psn_no, late, "2304")
    with pytest.raises(Declined):
        await way.centre.settle(late, bill)
    assert (await way.centre.settle(way.msgid(), bill)).figures.act_pay_dedc_fen == 130_000


async def test_a_known_settlement_can_be_undone_once(way):
    bill = await visited(way)
    settled = await way.centre.settle(way.msgid(), bill)
    await way.centre.undo(way.msgid(), bill, settled.setl_id)
    with pytest.raises(Declined):
        await way.centre.undo(way.msgid(), bill, settled.setl_id)
    assert (await way.centre.settle(way.msgid(), bill)).figures == settled.figures


async def test_lines_are_known_by_their_number(way):
    bill = await visited(way, fee(1), fee(2, 500_000, "2"), fee(3, 500_000, "-1", returns=2))
    assert bill.medfee_sumamt_fen == 1_500_000
    await way.centre.upload(way.msgid(), bill.psn_no, bill.mdtrt_id, [fee(1)])
    with pytest.raises(Declined):
        await way.centre.upload(way.msgid(), bill.psn_no, bill.mdtrt_id, [fee(1, 900_000)])
    with pytest.raises(Declined):
        await way.centre.upload(way.msgid(), bill.psn_no, bill.mdtrt_id, [fee(4, 1, "-1", returns=9)])
    with pytest.raises(Declined):
        await way.centre.presettle(way.msgid(), replace(bill, medfee_sumamt_fen=1))
    assert (await way.centre.presettle(way.msgid(), bill)).medfee_sumamt_fen == 1_500_000


async def test_no_answer_is_told_from_a_no_and_from_no_connection(way):
    bill = await visited(way)
    for kind, trouble in (
        ("timeout-before", Unanswered),
        ("timeout-after", Unanswered),
        ("down", Unanswered),
        ("refuse", Declined),
    ):
        await way.fault("2303", kind)
        with pytest.raises(trouble):
            await way.centre.presettle(way.msgid(), bill)
    way.centre._client.base_url = "http://127.0.0.1:1"
    with pytest.raises(Unreachable):
        await way.centre.presettle(way.msgid(), bill)


async def test_a_request_is_kept_before_it_is_sent_and_its_answer_after(way):
    way.kept.calls.clear()
    settling = way.msgid()
    bill = await visited(way)
    await way.centre.settle(settling, bill)
    (asked, answered) = way.kept.calls[-2:]
    assert (asked[0], asked[1], answered[0], answered[1]) == ("2304", settling, "ok", settling)
    assert len(settling) == 30
    assert settling.encode() in asked[2]
    assert b'"infcode":0' in answered[2]
