"""Mutual recognition, over HTTP and in the database: what is shown, what is decided, what it came to."""

from datetime import timedelta

from shared.ids import new_id
from tests.adapters.registration.exam_rooms import act, open_exams, order
from tests.support.service import NOON


async def partner(registration, partner_id, *, recognised=True):
    path, body = f"/exam-partners/{partner_id}", {"recognised": recognised}
    answer = await registration.service.command("PUT", path, role="system", body=body)
    assert answer.status_code == 200, answer.text


async def result(registration, patient, item_code, *, days, partner_id="west", quality="passed"):
    body = {
        "result_id": str(new_id()),
        "partner_id": partner_id,
        "patient_id": str(patient),
        "item_code": item_code,
        "performed_at": (NOON - timedelta(days=days)).isoformat(),
        "quality": quality,
    }
    answer = await registration.post("/exam-results", role="system", body=body)
    assert answer.status_code == 201, answer.text
    return body["result_id"]


async def test_only_good_results_of_recognised_partners_inside_their_validity_are_shown(registration):
    await open_exams(registration)
    await partner(registration, "west")
    await partner(registration, "east", recognised=False)
    patient = await registration.patient()
    used = await result(registration, patient, "ct-chest", days=29)
    await result(registration, patient, "lab-renal", days=7)
    await result(registration, patient, "us-abdomen", days=1, quality="failed")
    await result(registration, patient, "ecg", days=1, partner_id="east")
    await result(registration, patient, "gastroscopy", days=1)
    items = ["ct-chest", "lab-renal", "us-abdomen", "ecg", "gastroscopy"]
    path = f"/patients/{patient}/recognised-results"
    shown = (await registration.service.get(path, role="clinician", item_code=items)).json()
    assert [(one["result_id"], one["item_code"]) for one in shown] == [(used, "ct-chest")]
    assert shown[0]["valid_until"] == (NOON + timedelta(days=1)).isoformat().replace("+00:00", "Z")


async def test_a_recognised_result_is_decided_about_before_anything_is_booked(registration):
    await open_exams(registration)
    await partner(registration, "west")
    patient = await registration.patient()
    used = await result(registration, patient, "ct-chest", days=3)
    doubted = await result(registration, patient, "us-abdomen", days=3)
    written = await order(registration, patient, "ct-chest", "us-abdomen", "ecg")
    assert {one["result_id"] for one in written["recognised"]} == {used, doubted}
    assert (await act(registration, written, "hold")).json()["code"] == "recognition-decision-missing"
    reuse = {"item_code": "ct-chest", "result_id": used, "choice": "reuse"}
    assert (await act(registration, written, "decisions", reuse, role="clinician")).status_code == 200
    override = {"item_code": "us-abdomen", "result_id": doubted, "choice": "override"}
    refused = await act(registration, written, "decisions", override, role="clinician")
    assert refused.json()["code"] == "override-reason-missing"
    await act(registration, written, "decisions", override | {"reason": "result-doubted"}, role="clinician")
    booked = (await act(registration, written, "booking")).json()["order"]
    assert booked["reused_codes"] == ["ct-chest"]
    assert {one["item_code"] for one in booked["exams"]} == {"us-abdomen", "ecg"}
    figures = (await registration.service.get("/recognition/figures", role="viewer", month="2026-03")).json()
    assert figures == {
        "avoided": 1,
        "saved_fen": 20_000,
        "overridden": 1,
        "overridden_by_reason": {"result-doubted": 1},
    }
    shown = await registration.service.get(f"/exam-orders/{booked['order_id']}", role="front-desk")
    decided = [(one["item_code"], one["choice"], one["reason"]) for one in shown.json()["decisions"]]
    assert decided == [("ct-chest", "reuse", None), ("us-abdomen", "override", "result-doubted")]
    empty = (await registration.service.get("/recognition/figures", role="viewer", month="2026-02")).json()
    assert (empty["avoided"], empty["saved_fen"]) == (0, 0)


async def test_an_order_for_all_of_whose_exams_results_stand_is_done(registration):
    await open_exams(registration)
    await partner(registration, "west")
    patient = await registration.patient()
    written = await order(registration, patient, "ct-chest", "us-abdomen")
    for item, status in (("ct-chest", "ordered"), ("us-abdomen", "done")):
        used = await result(registration, patient, item, days=3)
        reuse = {"item_code": item, "result_id": used, "choice": "reuse"}
        decided = (await act(registration, written, "decisions", reuse, role="clinician")).json()["order"]
        assert (decided["status"], decided["exams"]) == (status, [])
    assert (await act(registration, written, "booking")).json()["code"] == "nothing-to-plan"
    assert (await act(registration, written, "cancellation", {"reason": "patient"})).json()["code"] == "not-open"
    summary = (await registration.service.get("/exam-orders/summary", role="viewer")).json()
    assert (summary["orders"], summary["exams"]) == (0, 0)


async def test_of_an_order_that_is_cancelled_no_exam_was_avoided(registration):
    await open_exams(registration)
    await partner(registration, "west")
    patient = await registration.patient()
    reuse = {"item_code": "ct-chest", "result_id": await result(registration, patient, "ct-chest", days=3)}
    for cancelled in (True, False):
        written = await order(registration, patient, "ct-chest", "ecg")
        await act(registration, written, "decisions", reuse | {"choice": "reuse"}, role="clinician")
        if cancelled:
            await act(registration, written, "cancellation", {"reason": "patient"})
    figures = (await registration.service.get("/recognition/figures", role="viewer", month="2026-03")).json()
    assert (figures["avoided"], figures["saved_fen"]) == (1, 20_000)


async def test_a_result_of_somebody_else_or_of_another_item_decides_nothing(registration):
    await open_exams(registration)
    await partner(registration, "west")
    others = await result(registration, await registration.patient(), "ct-chest", days=1)
    written = await order(registration, await registration.patient(), "ct-chest")
    wrong = {"item_code": "ct-chest", "result_id": others, "choice": "reuse"}
    refused = await act(registration, written, "decisions", wrong, role="clinician")
    assert (refused.status_code, refused.json()["code"]) == (409, "result-not-recognised")


async def test_a_result_names_a_partner_an_item_and_a_patient_that_there_are(registration):
    await open_exams(registration)
    await partner(registration, "west")
    right = {
        "result_id": str(new_id()),
        "partner_id": "west",
        "patient_id": str(await registration.patient()),
        "item_code": "ecg",
        "performed_at": NOON.isoformat(),
        "quality": "passed",
    }
    wrong = {
        "partner-unknown": {"partner_id": "nobody"},
        "item-unknown": {"item_code": "nothing"},
        "patient-unknown": {"patient_id": str(new_id())},
        "performed-in-the-future": {"performed_at": (NOON + timedelta(hours=1)).isoformat()},
    }
    for code, fault in wrong.items():
        assert (await registration.post("/exam-results", role="system", body=right | fault)).json()["code"] == code
    assert (await registration.post("/exam-results", role="system", body=right)).status_code == 201
    again = await registration.post("/exam-results", role="system", body=right)
    assert again.json()["code"] == "exam-result-exists"
