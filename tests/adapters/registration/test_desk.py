"""The one-stop desk over HTTP, on a real database."""

import asyncio
from datetime import timedelta

from shared.ids import new_id


async def opened(registration, kind="stamp-certificate", **fields):
    body = {"patient_id": str(await registration.patient()), "kind": kind} | fields
    answer = await registration.post("/desk/tickets", body=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_ticket_is_opened_taken_and_done(registration):
    ticket = await opened(registration, note="two copies")
    path = f"/desk/tickets/{ticket['ticket_id']}"
    assert (await registration.post(f"{path}/completion", body={"outcome": "stamped"})).json()["code"] == "not-owner"
    taken = await registration.post(f"{path}/taking")
    assert taken.json()["owner"] == "tester"
    done = await registration.post(f"{path}/completion", body={"outcome": "stamped", "answer": "at counter 3"})
    assert (done.json()["state"], done.json()["outcome"]) == ("completed", "stamped")
    said = [event for event in await registration.service.said() if event.type.startswith("registration.ticket")]
    assert [event.aggregate_version for event in said] == [1, 2]
    assert "counter" not in str(said)


async def test_of_two_who_take_a_ticket_one_has_it(registration):
    ticket = await opened(registration)
    path = f"/desk/tickets/{ticket['ticket_id']}/taking"

    async def take(subject):
        token = registration.service.token("front-desk", subject=subject)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        return await registration.service.client.post(path, headers=headers)

    answers = await asyncio.gather(take("first"), take("second"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_the_worklist_shows_the_earliest_due_first_and_what_is_overdue(registration):
    late = await opened(registration, "record-copy")
    soon = await opened(registration, "stamp-certificate")
    page = (await registration.service.get("/desk/tickets", role="front-desk", limit=1)).json()
    assert [one["ticket_id"] for one in page["tickets"]] == [soon["ticket_id"]]
    rest = await registration.service.get("/desk/tickets", role="front-desk", limit=1, after=page["next"])
    assert [one["ticket_id"] for one in rest.json()["tickets"]] == [late["ticket_id"]]
    registration.service.clock.advance(timedelta(days=1))
    overdue = await registration.service.get("/desk/tickets", role="front-desk", overdue="true")
    assert [(one["ticket_id"], one["overdue"]) for one in overdue.json()["tickets"]] == [(soon["ticket_id"], True)]
    counts = {one["kind"]: one for one in (await registration.service.get("/desk/summary", role="viewer")).json()}
    assert (counts["stamp-certificate"]["overdue"], counts["record-copy"]["overdue"]) == (1, 0)


async def test_a_ticket_needs_a_patient_and_a_kind_that_are_known(registration):
    nobody = await registration.post("/desk/tickets", body={"patient_id": str(new_id()), "kind": "record-copy"})
    assert nobody.json()["code"] == "patient-missing"
    body = {"patient_id": str(await registration.patient()), "kind": "haircut"}
    assert (await registration.post("/desk/tickets", body=body)).json()["code"] == "kind-unknown"
    twice = await opened(registration)
    body = {"patient_id": twice["patient_id"], "kind": "record-copy", "ticket_id": twice["ticket_id"]}
    assert (await registration.post("/desk/tickets", body=body)).json()["code"] == "ticket-exists"


async def test_a_patient_may_withdraw_what_is_not_closed(registration):
    ticket = await opened(registration)
    path = f"/desk/tickets/{ticket['ticket_id']}/withdrawal"
    assert (await registration.post(path, role="patient-app")).json()["state"] == "withdrawn"
    assert (await registration.post(path, role="patient-app")).json()["code"] == "ticket-closed"
