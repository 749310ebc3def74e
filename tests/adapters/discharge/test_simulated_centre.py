"""The simulated centre as a process: what it refuses, what it remembers, and what its switches do."""

import asyncio

import httpx
import pytest

from services.simulator.app import SERVICE as CENTRE
from shared.ids import new_id
from tests.adapters.discharge.conftest import OPERATOR

SERIAL = iter(range(10_000))


def envelope(infno, body, msgid=None, **changes):
    return {
        "infno": infno,
        "msgid": msgid or f"H1101010000120260302120000{next(SERIAL):04d}",
        "mdtrtarea_admvs": "110101",
        "insuplc_admdvs": "110101",
        "opter_type": "3",
        "sign_no": "",
        "input": body,
        **changes,
    }


@pytest.fixture
def ask(centre):
    """One transaction over HTTP; its answer's envelope."""

    async def send(infno, body, msgid=None, **changes):
        message = envelope(infno, body, msgid, **changes)
        answer = await centre.service.client.post("/fsi/api", json=message)
        assert answer.status_code == 200
        return answer.json()

    return send


async def visited(centre, ask):
    """A visit with one line, and the input that settles it for a msgid."""
    psn_no = str(new_id())
    await centre.insure(psn_no, balance_fen=10_000)
    stay = {"psn_no": psn_no, "insutype": "310", "begntime": "2026-03-01 08:00:00", "med_type": "21", "ipt_no": "1"}
    mdtrt_id = (await ask("2401", {"mdtrtinfo": stay}))["output"]["result"]["mdtrt_id"]
    line = {
        "feedetl_sn": "1",
        "mdtrt_id": mdtrt_id,
        "psn_no": psn_no,
        "medins_list_codg": "drug-1",
        "chrgitm_lv": "01",
        "pric": "5000.00",
        "cnt": "1",
        "det_item_fee_sumamt": "5000.00",
        "pric_uplmt_amt": None,
        "selfpay_prop": "0",
    }
    assert (await ask("2301", {"feedetail": [line]}))["infcode"] == 0

    def bill(msgid):
        return {
            "data": {
                "psn_no": psn_no,
                "insutype": "310",
                "mdtrt_id": mdtrt_id,
                "med_type": "21",
                "medfee_sumamt": "5000.00",
                "acct_used_flag": "1",
                "dscg_time": "2026-03-02",
                "medins_setl_id": msgid,
            }
        }

    return psn_no, bill


async def test_what_is_malformed_is_refused_without_repeating_it(centre, ask):
    broken = await centre.service.client.post("/fsi/api", content=b"no json")
    assert (broken.json()["infcode"], broken.json()["err_msg"]) == (-1, "the envelope is malformed")
    assert (await ask("1101", {}, msgid="short"))["err_msg"] == "the envelope is malformed"
    assert (await ask("1101", {"data": {"psn_no": ""}}))["err_msg"] == "the input is malformed at psn_no"
    assert (await ask("9999", {}))["err_msg"] == "infno is not supported"
    money = {"data": {"medfee_sumamt": "one yuan"}}
    assert (await ask("2303", money))["err_msg"].startswith("the input is malformed at ")


async def test_requests_with_one_msgid_that_come_at_once_settle_once(centre, ask):
    _, bill = await visited(centre, ask)
    msgid = f"H11010100001202603021200{new_id().int % 10**6:06d}"
    answers = await asyncio.gather(*(ask("2304", bill(msgid), msgid=msgid) for _ in range(5)))
    assert {answer["infcode"] for answer in answers} == {0}
    assert len({answer["output"]["setlinfo"]["setl_id"] for answer in answers}) == 1
    assert len(await centre.standing()) == 1
    reused = await ask("2401", {"mdtrtinfo": {}}, msgid=msgid)
    assert reused["err_msg"] == "msgid belongs to another transaction"


async def test_a_reversal_and_its_original_at_once_leave_nothing_standing(centre, ask):
    for _ in range(5):
        psn_no, bill = await visited(centre, ask)
        msgid = f"H11010100001202603021200{new_id().int % 10**6:06d}"
        reversal = {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2304"}}
        _, undone = await asyncio.gather(ask("2304", bill(msgid), msgid=msgid), ask("2601", reversal))
        assert undone["infcode"] == 0
        assert await centre.balance_fen(psn_no) == 10_000
    assert await centre.standing() == []


async def test_the_account_is_listed_among_the_funds(centre, ask):
    _, bill = await visited(centre, ask)
    msgid = f"H11010100001202603021200{new_id().int % 10**6:06d}"
    output = (await ask("2304", bill(msgid), msgid=msgid))["output"]
    detail = {line["fund_pay_type"]: line["fund_payamt"] for line in output["setldetail"]}
    assert detail == {"310100": output["setlinfo"]["fund_pay_sumamt"], "310200": "100.00"}


async def test_insuring_somebody_again_leaves_the_account_as_it_is(centre):
    psn_no = new_id()
    await centre.insure(psn_no, balance_fen=500)
    await centre.insure(psn_no, balance_fen=9_000, retired=True)
    view = (await centre.service.get(f"/persons/{psn_no}", role=OPERATOR)).json()
    assert (view["retired"], view["account_balance_fen"]) == (True, 500)


async def test_switches_belong_to_operators(centre):
    body = {"insutype": "310"}
    assert (await centre.service.command("PUT", "/persons/p-1", role="ward-nurse", body=body)).status_code == 403
    assert (await centre.service.client.delete("/faults")).status_code == 401
    wrong = await centre.service.command("POST", "/faults", role=OPERATOR, body={"infno": "2304", "kind": "fire"})
    assert wrong.json()["fields"][0]["field"] == "kind"
    assert (await centre.service.get("/persons/nobody", role=OPERATOR)).status_code == 404


async def test_faults_are_used_up_in_order_and_can_be_cleared(centre, ask):
    await centre.fault("1101", "refuse")
    await centre.fault("1101", "down")
    await centre.fault("1101", "refuse", times=9)
    asked = envelope("1101", {"data": {"psn_no": "nobody"}})
    first, second = [await centre.service.client.post("/fsi/api", json=asked) for _ in range(2)]
    assert (first.json()["err_msg"], second.status_code) == ("refused as switched", 503)
    await centre.heal()
    assert (await ask("1101", {"data": {"psn_no": "nobody"}}))["err_msg"] == "psn_no is not insured here"


async def test_a_silent_centre_holds_the_line_until_the_hospital_hangs_up(centre):
    await centre.fault("1101", "timeout-before")
    async with httpx.AsyncClient(base_url=centre.url, timeout=0.2, trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/fsi/api", json=envelope("1101", {"data": {"psn_no": "nobody"}}))


def test_the_centre_reacts_to_nothing_and_has_no_timer():
    assert CENTRE.reactions.topics == ()
    assert CENTRE.timers == ()
