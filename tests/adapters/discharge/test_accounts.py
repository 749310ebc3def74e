"""Charges, deposits and clearance over HTTP on a real database."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from shared.ids import new_id
from tests.adapters.discharge.conftest import CLINICIAN, NURSE, admitted, line


def answered(response):
    return response.status_code, response.json().get("code")


async def test_an_account_is_opened_once_however_often_the_admission_comes(discharge):
    patient, stay = new_id(), new_id()
    event = admitted(discharge, patient, stay)
    await discharge.deliver(event, times=3)
    assert [type(said).__name__ for said in await discharge.said()] == ["AccountOpened"]
    view = (await discharge.get(f"/accounts/{stay}", role=NURSE)).json()
    assert view["account"]["state"] == "open"
    assert (view["charges_fen"], view["deposits_fen"]) == (0, 0)


async def test_a_patient_may_be_registered_before_or_after_the_admission(ward, discharge):
    stay = await ward.admit()
    assert await discharge.sql("SELECT insutype FROM coverage") == [{"insutype": "310"}]
    assert (await discharge.get(f"/accounts/{stay}", role=NURSE)).status_code == 200


async def test_charges_are_posted_all_or_none(ward, discharge):
    stay = await ward.admit()
    good, bad = line(1_850, "3"), line(100, line_class="07")
    wrong = await ward.charge(stay, good, bad, status=422)
    assert wrong.json()["fields"][0]["field"] == "charges[1].line_class"
    posted = (await ward.charge(stay, good)).json()
    assert [(one["line_no"], one["amount_fen"], one["count"]) for one in posted] == [(1, 5_550, "3")]
    assert answered(await ward.charge(stay, line(1), good, status=409)) == (409, "charge-exists")
    twice = line(7)
    assert answered(await ward.charge(stay, twice, twice, status=409)) == (409, "charge-exists")
    listed = (await discharge.get(f"/accounts/{stay}/charges", role=NURSE)).json()
    assert [one["charge_id"] for one in listed] == [good["charge_id"]]


async def test_a_line_that_makes_no_sense_is_named(ward):
    stay = await ward.admit()
    for field, value in (
        ("price_fen", -1),
        ("price_fen", 1.5),
        ("count", "0"),
        ("count", 1),
        ("count", "1e3"),
        ("preself_ratio", "1.1"),
        ("item_code", "Mrs Somebody"),
        ("charged_at", "2026-03-02T12:00:00"),
        ("name", "a drug"),
    ):
        wrong = await ward.charge(stay, line(**{field: value}), status=422)
        assert [one["field"] for one in wrong.json()["fields"]] == [f"charges[0].{field}"]


async def test_a_return_names_its_original_and_returns_no_more_than_was_charged(ward):
    stay, other = await ward.admit(), await ward.admit()
    original = line(1_000, "3")
    await ward.charge(stay, original)
    await ward.charge(stay, line(1_000, "-1", return_of=original["charge_id"]))

    async def returned(account, count, **terms):
        return answered(await ward.charge(account, line(1_000, count, **terms), status=409))

    assert await returned(stay, "-1") == (409, "return-without-original")
    assert await returned(stay, "-1", return_of=str(new_id())) == (409, "return-without-original")
    assert await returned(other, "-1", return_of=original["charge_id"]) == (409, "return-without-original")
    assert await returned(stay, "-3", return_of=original["charge_id"]) == (409, "return-exceeds-original")
    differs = await returned(stay, "-1", return_of=original["charge_id"], item_code="other")
    assert differs == (409, "return-differs-from-original")
    assert await returned(stay, "1", return_of=original["charge_id"]) == (409, "return-without-original")
    await ward.charge(stay, line(1_000, "-2", return_of=original["charge_id"]))


async def test_the_database_refuses_a_return_that_the_rules_let_pass(ward, discharge):
    stay = await ward.admit()
    original = line(1_000, "1")
    await ward.charge(stay, original)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await discharge.sql(
            "INSERT INTO charge SELECT $1, stay_id, 2, item_code, line_class, price_fen, -2, price_limit_fen,"
            " preself_ratio, -2000, encounter_id, charge_id, charged_at, posted_at FROM charge",
            new_id(),
        )
    assert refused.value.constraint_name == "charge_return"


async def test_charges_that_come_at_once_are_numbered_without_a_gap(ward, discharge):
    stay = await ward.admit()
    await asyncio.gather(*(ward.charge(stay, line(100), line(200)) for _ in range(10)))
    numbers = await discharge.sql("SELECT line_no FROM charge ORDER BY line_no")
    assert [row["line_no"] for row in numbers] == list(range(1, 21))
    versions = [event.aggregate_version for event in await discharge.said()]
    assert versions == list(range(1, 22))


async def test_a_deposit_is_taken_once(ward):
    stay = await ward.admit()
    deposit = await ward.deposit(stay, 50_000, "card")
    again = {"payment_id": deposit["payment_id"], "channel": "card", "amount_fen": 50_000}
    assert answered(await ward.post(stay, "deposits", again)) == (409, "payment-exists")
    wrong = {"payment_id": str(new_id()), "channel": "shells", "amount_fen": 0}
    fields = (await ward.post(stay, "deposits", wrong, status=422)).json()["fields"]
    assert [one["field"] for one in fields] == ["channel", "amount_fen"]


async def test_medicine_is_resolved_once(ward):
    stay = await ward.admit()
    issue = {"issue_id": str(new_id()), "item_code": "drug-1", "count": "1"}
    await ward.post(stay, "medicine-issues", issue, status=201)
    assert answered(await ward.post(stay, "medicine-issues", issue)) == (409, "issue-exists")
    given = await ward.post(stay, f"medicine-issues/{issue['issue_id']}/administration", status=200)
    assert given.json()["outcome"] == "administered"
    again = await ward.post(stay, f"medicine-issues/{issue['issue_id']}/return")
    assert answered(again) == (409, "issue-resolved")
    assert answered(await ward.post(stay, f"medicine-issues/{UUID(int=1)}/return")) == (404, "medicine-issue-missing")
    assert answered(await ward.post(stay, "clearance-override", {"reason": "because"}, role="back-office")) == (
        409,
        "nothing-to-override",
    )


async def test_what_is_settled_takes_nothing_more(ward):
    stay = await ward.admit()
    await ward.up_to_signed(stay)
    await ward.settle(stay)
    assert answered(await ward.charge(stay, line(), status=409)) == (409, "account-settled")
    issue = {"issue_id": str(new_id()), "item_code": "drug-1", "count": "1"}
    assert answered(await ward.post(stay, "medicine-issues", issue)) == (409, "account-settled")
    payment = {"payment_id": str(new_id()), "channel": "cash", "amount_fen": 1}
    assert answered(await ward.post(stay, "deposits", payment)) == (409, "account-settled")
    assert answered(await ward.post(stay, "payments", payment)) == (409, "payment-exceeds-due")
    await ward.post(stay, "leave", status=200)
    assert answered(await ward.post(stay, "leave")) == (409, "already-left")


async def test_the_summary_counts_what_stands_on_the_accounts(ward, discharge):
    first, second = await ward.admit(), await ward.admit()
    await ward.charge(first, line(1_000), line(500))
    await ward.deposit(second, 20_000)
    await ward.order(second)
    summary = (await discharge.get("/accounts/summary", role="viewer")).json()
    assert summary == {
        "by_state": {"open": 1, "ordered": 1},
        "charges": 2,
        "charges_fen": 1_500,
        "deposits": 1,
        "deposits_fen": 20_000,
    }


async def test_every_step_belongs_to_a_role(ward, discharge):
    stay = await ward.admit()
    order = {"disposition": "home"}
    assert (await ward.post(stay, "discharge-order", order, role=NURSE)).status_code == 403
    assert (await ward.post(stay, "settlement", role=CLINICIAN)).status_code == 403
    assert (await ward.post(stay, "leave", role="patient-app")).status_code == 403
    assert (await discharge.get("/settlements", role=NURSE)).status_code == 403
    nobody = await discharge.client.post(f"/accounts/{stay}/leave")
    assert nobody.status_code == 401
