"""What an admission that does not count, or a leaving that is undone, means for the account of the stay."""

from uuid import UUID

import pytest

from shared.ids import new_id
from shared.messages.beds.stays import AdmissionCancelled, LeaveUndone
from tests.adapters.discharge.conftest import BACK_OFFICE, CLINICIAN, NURSE, admitted, line

PLACE = {"bed_id": "main/w1/1/1", "ward_id": "main/w1"}


def cancelled(discharge, patient, stay):
    """Beds says that the admission does not count."""
    at = discharge.clock.now()
    return AdmissionCancelled(stay_id=stay, patient_id=patient, **PLACE, cancelled_at=at, aggregate_version=3)


async def account(discharge, stay):
    """The account as it stands."""
    return (await discharge.get(f"/accounts/{stay}", role=NURSE)).json()["account"]


async def listed(discharge):
    """What the back office has to clear."""
    found = (await discharge.get("/accounts/cancelled", role=BACK_OFFICE)).json()
    return [one["account"]["stay_id"] for one in found]


async def test_an_empty_account_is_voided_takes_nothing_and_opens_again_with_the_patient(discharge):
    patient, stay = new_id(), new_id()
    event = admitted(discharge, patient, stay)
    await discharge.deliver(event)
    await discharge.deliver(cancelled(discharge, patient, stay), times=2)
    assert (await account(discharge, stay))["voided_at"]
    body = {"charges": [line(100)]}
    answer = await discharge.command("POST", f"/accounts/{stay}/charges", role=NURSE, body=body)
    assert answer.json()["code"] == "account-voided"
    order = {"disposition": "home"}
    answer = await discharge.command("POST", f"/accounts/{stay}/discharge-order", role=CLINICIAN, body=order)
    assert answer.json()["code"] == "account-voided"
    await discharge.deliver(admitted(discharge, patient, stay, version=5))
    assert (await account(discharge, stay))["voided_at"] is None
    answer = await discharge.command("POST", f"/accounts/{stay}/charges", role=NURSE, body=body)
    assert answer.status_code == 201
    said = await discharge.said()
    assert [type(one).__name__ for one in said] == ["AccountOpened", "AccountVoided", "AccountOpened", "ChargePosted"]
    assert [one.aggregate_version for one in said] == [1, 2, 3, 4]


async def test_an_account_with_charges_is_listed_until_they_are_returned_and_it_is_voided(discharge):
    patient, stay = new_id(), new_id()
    await discharge.deliver(admitted(discharge, patient, stay))
    charge = line(100)
    path = f"/accounts/{stay}/charges"
    await discharge.command("POST", path, role=NURSE, body={"charges": [charge]})
    await discharge.deliver(cancelled(discharge, patient, stay))
    assert await listed(discharge) == [str(stay)]
    voiding = f"/accounts/{stay}/voiding"
    refused = await discharge.command("POST", voiding, role=BACK_OFFICE)
    assert refused.json()["code"] == "money-stands-on-account"
    back = {**charge, "charge_id": str(new_id()), "count": "-1", "return_of": charge["charge_id"]}
    answer = await discharge.command("POST", path, role=NURSE, body={"charges": [back]})
    assert answer.status_code == 201, answer.text
    assert (await discharge.command("POST", voiding, role=BACK_OFFICE)).json()["voided_at"]
    assert await listed(discharge) == []
    assert (await discharge.command("POST", voiding, role=BACK_OFFICE)).json()["code"] == "admission-not-cancelled"


@pytest.mark.parametrize("later", [False, True])
async def test_who_has_not_left_after_all_leaves_again_and_only_an_earlier_leaving_is_undone(ward, discharge, later):
    stay = await ward.admit()
    patient = UUID((await account(discharge, stay))["patient_id"])
    left_at = discharge.clock.now()
    await discharge.sql("UPDATE account SET state = 'left', left_at = $2 WHERE stay_id = $1 RETURNING 1", stay, left_at)
    undone_at = left_at.replace(hour=1) if later else left_at
    await discharge.deliver(
        LeaveUndone(
            stay_id=stay,
            patient_id=patient,
            **PLACE,
            campus_id="main",
            left_at=undone_at,
            undone_at=undone_at,
            aggregate_version=9,
        )
    )
    shown = await account(discharge, stay)
    assert (shown["state"], shown["left_at"] is None) == (("left", False) if later else ("settled", True))
