"""Settling at the bedside, whole, over HTTP, against the simulated centre."""

import json
from datetime import timedelta
from uuid import UUID

from services.discharge.settlement import calculate, case_file, packs
from shared.ids import new_id
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.discharge.settlement import Presettled, Refunded, Settled
from tests.adapters.discharge.conftest import BACK_OFFICE, CLINICIAN, NURSE, line

W1 = (
    line(1_200_000, item_code="a-drug"),
    line(600_000, item_code="exam"),
    line(950_000, item_code="operation"),
    line(800_000, line_class="02", preself_ratio="0.10", item_code="b-drug"),
    line(1_800_000, line_class="02", preself_ratio="0.20", price_limit_fen=1_500_000, item_code="stent"),
    line(133_333, line_class="02", preself_ratio="0.10", item_code="tcm"),
    line(8_000, "10", price_limit_fen=5_000, item_code="bed"),
    line(220_000, line_class="03", item_code="own"),
)


def kinds(events):
    return [type(event).__name__ for event in events]


async def test_the_worked_example_is_settled_to_the_fen(ward):
    stay = await ward.admit(balance_fen=200_000)
    await ward.charge(stay, *W1)
    deposit = await ward.deposit(stay, 1_200_000)
    await ward.up_to_signed(stay)
    settled = await ward.settle(stay)
    assert settled["figures"] == {
        "medfee_sumamt_fen": 5_783_333,
        "fulamt_ownpay_amt_fen": 220_000,
        "overlmt_selfpay_fen": 330_000,
        "preselfpay_amt_fen": 393_333,
        "inscp_scp_amt_fen": 4_840_000,
        "act_pay_dedc_fen": 130_000,
        "hifp_pay_fen": 4_137_500,
        "hifob_pay_fen": 0,
        "hifmi_pay_fen": 0,
        "maf_pay_fen": 0,
        "oth_pay_fen": 0,
        "fund_pay_sumamt_fen": 4_137_500,
        "psn_part_amt_fen": 1_645_833,
        "acct_pay_fen": 200_000,
        "psn_cash_pay_fen": 1_445_833,
    }
    assert settled["calculator_agrees"]
    assert (settled["deposit_fen"], settled["refund_fen"], settled["to_pay_fen"]) == (1_200_000, 0, 245_833)
    unpaid = await ward.post(stay, "leave", status=409)
    assert unpaid.json()["code"] == "unpaid"
    payment = {"payment_id": deposit["payment_id"], "channel": "card", "amount_fen": 245_833}
    paid = (await ward.post(stay, "payments", payment, status=201)).json()
    assert paid["unpaid_fen"] == 0
    left = (await ward.post(stay, "leave", status=200)).json()
    assert left["state"] == "left"
    (record,) = (await ward.records())["settlements"]
    assert record["journal_balanced"]
    assert (record["lines_total_fen"], record["fund_pay_fen"], record["patient_pay_fen"]) == (
        5_783_333,
        4_137_500,
        1_645_833,
    )
    assert (record["cash_fen"], record["deposit_fen"], record["refund_fen"], record["paid_at_bedside_fen"]) == (
        1_445_833,
        1_200_000,
        0,
        245_833,
    )
    case = case_file.parse(json.dumps(record["case"]))
    assert calculate.calculate(case, packs.load(case.pack, case.on)).psn_cash_pay_fen == record["cash_fen"]


async def test_everything_is_told_once_and_in_order_of_the_account(ward, discharge):
    stay = await ward.admit()
    await ward.charge(stay, line(100_000), line(0))
    await ward.deposit(stay, 300_000)
    await ward.up_to_signed(stay)
    await ward.settle(stay)
    await ward.post(stay, "leave", status=200)
    said = await discharge.said()
    assert kinds(said) == [
        "AccountOpened",
        "ChargePosted",
        "ChargePosted",
        "DepositReceived",
        "DischargeOrdered",
        "Presettled",
        "SettlementConfirmed",
        "Settled",
        "Refunded",
        "PatientLeft",
    ]
    assert [event.aggregate_version for event in said] == list(range(1, 11))
    assert {event.stay_id for event in said} == {stay}
    presettled = next(event for event in said if isinstance(event, Presettled))
    settled = next(event for event in said if isinstance(event, Settled))
    assert settled.lines_total_fen == presettled.lines_total_fen == 100_000
    assert settled.fund_pay_fen + settled.patient_pay_fen == settled.lines_total_fen
    assert settled.account_pay_fen + settled.cash_fen == settled.patient_pay_fen
    assert said[-1] == PatientLeft(
        stay_id=stay,
        patient_id=settled.patient_id,
        disposition="home",
        left_at=discharge.clock.now(),
        aggregate_version=10,
    )


async def test_what_the_deposits_are_too_much_goes_back_the_way_it_came(ward, discharge):
    stay = await ward.admit()
    await ward.charge(stay, line(100_000, line_class="03"))
    first = await ward.deposit(stay, 150_000, "cash")
    last = await ward.deposit(stay, 30_000, "alipay")
    await ward.up_to_signed(stay)
    settled = await ward.settle(stay)
    assert (settled["refund_fen"], settled["to_pay_fen"]) == (80_000, 0)
    refunds = [event for event in await discharge.said() if isinstance(event, Refunded)]
    assert [(str(event.payment_id), event.channel, event.amount_fen) for event in refunds] == [
        (last["payment_id"], "alipay", 30_000),
        (first["payment_id"], "cash", 50_000),
    ]
    balances = await discharge.sql(
        "SELECT account, sum(debit_fen - credit_fen)::bigint AS fen FROM journal_entry GROUP BY account"
    )
    assert {row["account"]: row["fen"] for row in balances} == {
        "patient-receivable": 0,
        "revenue": -100_000,
        "deposit-liability": 0,
        "cash": 100_000,
        "alipay": 0,
    }


async def test_a_late_fee_reopens_what_was_signed_and_shows_the_difference(ward):
    stay = await ward.admit()
    await ward.charge(stay, line(100_000, line_class="03"))
    signed = await ward.up_to_signed(stay)
    await ward.charge(stay, line(20_000, line_class="03"))
    refused = await ward.post(stay, "settlement", status=409)
    assert refused.json()["code"] == "fees-changed"
    assert (await ward.screen(stay))["fees_changed"]
    again = await ward.presettle(stay)
    assert again["snapshot"] != signed["snapshot"]
    screen = await ward.screen(stay)
    assert screen["difference"] == {
        "since_attempt": 1,
        "new_lines": 1,
        "lines_total_fen": 20_000,
        "patient_pay_fen": 20_000,
    }
    stale = await ward.post(stay, "confirmation", {"snapshot": signed["snapshot"]}, status=409)
    assert stale.json()["code"] == "snapshot-differs"
    await ward.confirm(stay, again["snapshot"])
    settled = await ward.settle(stay)
    assert settled["figures"]["medfee_sumamt_fen"] == 120_000


async def test_the_screen_shows_every_line_with_its_four_parts(ward):
    stay = await ward.admit()
    await ward.charge(stay, line(10_000, line_class="02", preself_ratio="0.1", price_limit_fen=8_000, item_code="x9"))
    await ward.up_to_signed(stay)
    (shown,) = (await ward.screen(stay))["answer"]["lines"]
    assert shown == {
        "name": "x9",
        "class": "02",
        "amount_fen": 10_000,
        "fulamt_ownpay_amt_fen": 0,
        "overlmt_selfpay_fen": 2_000,
        "preselfpay_amt_fen": 800,
        "inscp_scp_amt_fen": 7_200,
    }


async def test_nothing_is_settled_before_the_medicine_is_back(ward, discharge):
    stay = await ward.admit()
    issue = {"issue_id": str(new_id()), "item_code": "drug-1", "count": "2"}
    await ward.post(stay, "medicine-issues", issue, status=201)
    ordered = await ward.order(stay)
    assert ordered["blockers"] == [
        {"code": "unreturned-medicine", "owner": "ward-nurse", "subject_id": issue["issue_id"]}
    ]
    assert (await ward.post(stay, "presettlement", status=409)).json()["code"] == "blocked"
    await ward.post(stay, f"medicine-issues/{issue['issue_id']}/return", status=200)
    presettled = await ward.presettle(stay)
    await ward.confirm(stay, presettled["snapshot"])
    late = {"issue_id": str(new_id()), "item_code": "drug-2", "count": "1"}
    await ward.post(stay, "medicine-issues", late, status=201)
    assert (await ward.post(stay, "settlement", status=409)).json()["code"] == "blocked"
    assert (await ward.post(stay, "clearance-override", {"reason": "lost"}, role=NURSE)).status_code == 403
    await ward.post(stay, "clearance-override", {"reason": "lost on the ward"}, role=BACK_OFFICE, status=200)
    await ward.settle(stay)
    (kept,) = await discharge.sql("SELECT reason, overridden_by FROM clearance_override")
    assert kept == {"reason": "lost on the ward", "overridden_by": "tester"}
    assert (await discharge.said())[1].blockers == ("unreturned-medicine",)


async def test_a_chain_of_stays_uses_up_the_year(ward, centre, discharge):
    first = await ward.admit(balance_fen=150_000)
    (account,) = await discharge.sql("SELECT patient_id FROM account")
    await ward.charge(first, line(1_000_000))
    await ward.up_to_signed(first)
    one = await ward.settle(first)
    assert (one["figures"]["act_pay_dedc_fen"], one["figures"]["acct_pay_fen"]) == (130_000, 150_000)
    discharge.clock.advance(timedelta(minutes=1))
    second = await ward.admit(patient_id=account["patient_id"], balance_fen=150_000)
    await ward.charge(second, line(1_000_000))
    await ward.up_to_signed(second)
    two = await ward.settle(second)
    assert (two["figures"]["act_pay_dedc_fen"], two["figures"]["acct_pay_fen"]) == (65_000, 0)
    assert await centre.balance_fen(account["patient_id"]) == 0
    discharge.clock.advance(timedelta(days=400))
    third = await ward.admit(patient_id=account["patient_id"])
    await ward.charge(third, line(1_000_000))
    await ward.up_to_signed(third)
    assert (await ward.settle(third))["figures"]["act_pay_dedc_fen"] == 130_000
    cases = [record["case"] for record in (await ward.records())["settlements"]]
    assert [(case["admission_number"], case["year_to_date"]["hifp_pay_fen"]) for case in cases] == [
        (1, 0),
        (2, one["figures"]["hifp_pay_fen"]),
        (1, 0),
    ]


async def test_the_pack_follows_the_insutype_and_the_day_is_the_hospitals(ward, discharge):
    discharge.clock.advance(timedelta(hours=5))
    stay = await ward.admit(insutype="390", low_income=True)
    await ward.charge(stay, line(3_000_000))
    await ward.up_to_signed(stay)
    await ward.settle(stay)
    (record,) = (await ward.records())["settlements"]
    assert (record["pack"], record["case"]["on"]) == ("resident-tertiary", "2026-03-03")
    assert record["case"]["person"] == {"retired": False, "low_income": True}
    assert record["calculator_agrees"]


async def test_settlements_are_listed_page_by_page_with_their_encounters(ward, discharge):
    encounters = [str(new_id()) for _ in range(3)]
    for encounter in encounters:
        stay = await ward.admit()
        other = str(new_id())
        await ward.charge(stay, line(encounter_id=encounter), line(encounter_id=other), line(encounter_id=encounter))
        await ward.up_to_signed(stay)
        await ward.settle(stay)
        discharge.clock.advance(timedelta(minutes=1))
    first = await ward.records(limit=2)
    rest = await ward.records(limit=2, after=first["next"])
    assert rest["next"] is None
    listed = [*first["settlements"], *rest["settlements"]]
    assert [record["encounter_id"] for record in listed] == encounters
    assert all(len(record["encounter_ids"]) == 2 for record in listed)
    summary = (await discharge.get("/settlements/summary", role="viewer")).json()
    assert summary["by_stage"] == {"settled": 3}
    assert summary["totals"]["medfee_sumamt_fen"] == 900_000


async def test_the_minutes_at_the_bedside_run_from_the_first_screen(ward, discharge):
    stay = await ward.admit()
    await ward.charge(stay, line())
    await ward.order(stay)
    await ward.presettle(stay)
    discharge.clock.advance(timedelta(minutes=3))
    await ward.confirm(stay, (await ward.presettle(stay))["snapshot"])
    discharge.clock.advance(timedelta(minutes=1))
    await ward.settle(stay)
    (record,) = (await ward.records())["settlements"]
    assert record["bedside_seconds"] == 240


async def test_a_repeated_command_gets_the_answer_it_had(ward, discharge):
    stay = await ward.admit()
    await ward.charge(stay, line())
    await ward.order(stay)
    first = await ward.post(stay, "presettlement", key="p-1", status=201)
    await ward.confirm(stay, first.json()["snapshot"])
    settled = await ward.post(stay, "settlement", key="s-1", status=200)
    assert (await ward.post(stay, "settlement", key="s-1", status=200)).json() == settled.json()
    assert (await ward.post(stay, "settlement", key="s-2", status=200)).json() == settled.json()
    assert (await ward.post(stay, "presettlement", key="p-1", status=201)).json() == first.json()
    assert kinds(await discharge.said()).count("Settled") == 1


async def test_an_empty_stay_can_be_settled(ward):
    stay = await ward.admit()
    await ward.up_to_signed(stay)
    settled = await ward.settle(stay)
    assert settled["figures"]["medfee_sumamt_fen"] == 0
    await ward.post(stay, "leave", status=200)


async def test_steps_out_of_order_say_what_comes_first(ward):
    stay = await ward.admit()
    codes = []
    for path, body in (
        ("presettlement", None),
        ("confirmation", {"snapshot": "0" * 64}),
        ("settlement", None),
        ("payments", {"payment_id": str(new_id()), "channel": "cash", "amount_fen": 1}),
        ("leave", None),
    ):
        codes.append((await ward.post(stay, path, body, status=409)).json()["code"])
    assert codes == ["not-ordered", "not-presettled", "not-presettled", "not-presettled", "not-settled"]
    await ward.order(stay)
    assert (await ward.post(stay, "discharge-order", {"disposition": "home"}, role=CLINICIAN)).status_code == 409
    await ward.presettle(stay)
    assert (await ward.post(stay, "settlement", status=409)).json()["code"] == "not-confirmed"


async def test_an_account_that_is_not_open_yet_is_told_so(ward):
    answer = await ward.post(UUID(int=1), "charges", {"charges": [line()]}, status=404)
    assert answer.json()["code"] == "account-missing"
