"""A stay is settled at most once, and what the centre has settled is found again, whatever is lost or dies."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.discharge.settlement import handlers
from shared.ids import new_id
from tests.adapters.discharge.conftest import NURSE, line

RECOVERY = "settlement-recovery"


class Died(BaseException):
    """The process is gone: nothing behind this line runs."""


class DyingCentre:
    """The real adapter, in a process that dies before or after 2304."""

    def __init__(self, centre, when):
        self._centre = centre
        self._when = when

    def __getattr__(self, name):
        return getattr(self._centre, name)

    async def settle(self, msgid, bill):
        if self._when == "after":
            await self._centre.settle(msgid, bill)
        raise Died


@pytest.fixture
async def signed(ward):
    """A stay that is ready to be settled."""
    stay = await ward.admit(balance_fen=50_000)
    await ward.charge(stay, line(1_000_000))
    await ward.deposit(stay, 100_000)
    await ward.up_to_signed(stay)
    return stay


def told(events):
    return [type(event).__name__ for event in events]


async def stage(ward, stay):
    return (await ward.screen(stay))["settlement"]["stage"]


async def die(ward, stay, when):
    """Settle in a process that dies at 2304."""
    flow = ward.discharge.host.app.state.bedside
    dying = replace(flow, desk=replace(flow.desk, centre=DyingCentre(flow.desk.centre, when)))
    async with ward.discharge.database.work() as work:
        settlement = await handlers.begin_settling(stay, flow.institution, work)
    with pytest.raises(Died):
        await dying.carry_through(settlement.settlement_id)
    assert await stage(ward, stay) == "settling"


async def settled_once(ward, stay):
    assert await stage(ward, stay) == "settled"
    assert len(await ward.centre.standing()) == 1
    assert told(await ward.discharge.said()).count("Settled") == 1
    (record,) = (await ward.records())["settlements"]
    assert record["journal_balanced"]
    journals = await ward.discharge.sql("SELECT count(*) AS found FROM journal WHERE kind = 'settlement'")
    assert journals == [{"found": 1}]


async def test_an_answer_that_is_lost_is_asked_for(ward, centre, signed):
    await centre.fault("2304", "timeout-after")
    await ward.settle(signed)
    await settled_once(ward, signed)
    kept = await ward.discharge.sql("SELECT infno, outcome FROM centre_call ORDER BY asked_at, msgid")
    assert [(row["infno"], row["outcome"]) for row in kept][-2:] == [("2304", "unanswered"), ("5203", "ok")]


async def test_a_request_that_never_arrived_is_reversed_and_settled_anew(ward, centre, signed):
    await centre.fault("2304", "timeout-before")
    reversed_ = await ward.settle(signed, status=409)
    assert reversed_["code"] == "settlement-reversed"
    assert await centre.standing() == []
    again = await ward.presettle(signed)
    assert again["attempt"] == 2
    await ward.confirm(signed, again["snapshot"])
    await ward.settle(signed)
    await settled_once(ward, signed)


async def test_a_centre_that_stays_silent_leaves_it_unknown_until_it_answers(ward, centre, discharge, signed):
    await centre.fault("2304", "timeout-after")
    await centre.fault("5203", "down", times=2)
    unknown = await ward.settle(signed, status=202)
    assert unknown["stage"] == "unknown"
    late = await ward.charge(signed, line(), status=409)
    assert late.json()["code"] == "account-settling"
    assert await discharge.fire(RECOVERY) == 0
    discharge.clock.advance(timedelta(seconds=61))
    assert await discharge.fire(RECOVERY) == 1
    assert await stage(ward, signed) == "unknown"
    discharge.clock.advance(timedelta(seconds=61))
    assert await discharge.fire(RECOVERY) == 1
    await settled_once(ward, signed)
    async with discharge.database.work() as work:
        assert await handlers.next_recovery_at(work) is None


async def test_a_reversal_without_an_answer_is_sent_again_until_it_stands(ward, centre, discharge, signed):
    await centre.fault("2304", "timeout-before")
    await centre.fault("2601", "timeout-after")
    assert (await ward.settle(signed, status=202))["stage"] == "reversing"
    discharge.clock.advance(timedelta(seconds=61))
    assert await discharge.fire(RECOVERY) == 1
    assert await stage(ward, signed) == "reversed"
    assert await centre.standing() == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_dies_at_the_call_is_recovered(ward, discharge, signed, when):
    await die(ward, signed, when)
    discharge.clock.advance(timedelta(seconds=61))
    assert await discharge.fire(RECOVERY) == 1
    if when == "before":
        assert await stage(ward, signed) == "reversed"
        await ward.confirm(signed, (await ward.presettle(signed))["snapshot"])
        await ward.settle(signed)
    await settled_once(ward, signed)


async def test_a_process_that_dies_before_it_sends_is_finished_by_the_recovery(ward, discharge, signed):
    flow = discharge.host.app.state.bedside
    async with discharge.database.work() as work:
        await handlers.begin_settling(signed, flow.institution, work)
    discharge.clock.advance(timedelta(seconds=61))
    assert await discharge.fire(RECOVERY) == 1
    await settled_once(ward, signed)


async def test_an_answer_that_comes_after_the_reversal_began_settles_nothing(ward, discharge, signed):
    await die(ward, signed, "after")
    flow = discharge.host.app.state.bedside
    (row,) = await discharge.sql("SELECT settlement_id, msgid FROM settlement")
    async with discharge.database.work() as work:
        settlement = await handlers.settlement(row["settlement_id"], work)
    found = await flow.desk.centre.settlement(await flow.desk.msgid(), settlement.bill, row["msgid"])
    await discharge.sql("UPDATE settlement SET stage = 'reversing', version = version + 1")
    async with discharge.database.work() as work:
        assert (await handlers.settle(row["settlement_id"], found, work)).stage == "reversing"
    await flow.carry_through(row["settlement_id"])
    assert await stage(ward, signed) == "reversed"
    assert await ward.centre.standing() == []
    assert "Settled" not in told(await discharge.said())


async def test_two_nurses_who_settle_at_once_settle_once(ward, signed):
    answers = await asyncio.gather(*(ward.post(signed, "settlement") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    await settled_once(ward, signed)


async def test_a_no_of_the_centre_ends_the_attempt_and_the_account_goes_on(ward, centre, signed):
    await centre.fault("2304", "refuse")
    assert (await ward.settle(signed, status=409))["code"] == "centre-declined"
    assert await stage(ward, signed) == "refused"
    await ward.charge(signed, line(5_000))
    await ward.confirm(signed, (await ward.presettle(signed))["snapshot"])
    await ward.settle(signed)
    await settled_once(ward, signed)


async def test_a_centre_that_cannot_be_reached_leaves_the_confirmation_standing(ward, discharge, signed):
    client = discharge.host.app.state.bedside.desk.centre._client
    address, client.base_url = client.base_url, "http://127.0.0.1:1"
    away = await ward.post(signed, "settlement", status=503)
    assert away.json()["code"] == "centre-unreachable"
    assert away.headers["retry-after"]
    assert await stage(ward, signed) == "confirmed"
    assert (await ward.post(signed, "presettlement", status=503)).json()["code"] == "centre-unreachable"
    client.base_url = address
    await ward.settle(signed)
    await settled_once(ward, signed)


async def test_an_admission_without_an_answer_is_reversed_before_another_is_sent(ward, centre):
    stay = await ward.admit()
    await ward.charge(stay, *(line(1_000) for _ in range(250)))
    await ward.order(stay)
    await centre.fault("2401", "timeout-after")
    assert (await ward.post(stay, "presettlement", status=503)).json()["code"] == "centre-unanswered"
    await centre.fault("2301", "timeout-after")
    await ward.post(stay, "presettlement", status=503)
    await ward.confirm(stay, (await ward.presettle(stay))["snapshot"])
    await ward.settle(stay)
    await settled_once(ward, stay)
    assert await centre.service.sql("SELECT count(*) AS visits FROM visit") == [{"visits": 1}]
    assert await centre.service.sql("SELECT count(*) AS lines FROM fee_line") == [{"lines": 250}]


async def test_raw_calls_are_kept_and_nothing_of_them_is_logged(ward, discharge, signed, capfd):
    await ward.settle(signed)
    kept = await discharge.sql("SELECT request, answer FROM centre_call WHERE infno = '2304'")
    assert b"medfee_sumamt" in kept[0]["request"]
    assert b"setl_id" in kept[0]["answer"]
    (account,) = await discharge.sql("SELECT patient_id FROM account")
    captured = capfd.readouterr()
    assert str(account["patient_id"]) not in captured.out + captured.err


async def test_a_patient_whom_the_centre_does_not_know_so_is_not_settled(ward, centre, discharge):
    stay = await ward.admit(insutype="310")
    (account,) = await discharge.sql("SELECT patient_id FROM account")
    await ward.order(stay)
    await centre.insure(account["patient_id"], insutype="390")
    assert (await ward.post(stay, "presettlement", status=409)).json()["code"] == "coverage-differs"
    unknown = await ward.admit(registered=False)
    await ward.order(unknown)
    missing = await discharge.command("POST", f"/accounts/{unknown}/presettlement", role=NURSE, key=str(new_id()))
    assert (missing.status_code, missing.json()["code"]) == (404, "coverage-missing")
