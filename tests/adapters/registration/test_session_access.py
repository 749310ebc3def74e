"""Places that are not for everybody: who can take them, and what becomes of those nobody took."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment, Channel, TakePlace
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Access, FindSlots, SlotKey
from shared.ids import new_id
from shared.messages.registration.schedules import SessionOpened, SessionReleased
from tests.support.service import NOON

TOMORROW = NOON + timedelta(days=1)


async def kept(registration, access: str = "application", **line) -> SlotKey:
    clinic_id = await registration.clinic(access=access, **line)
    (session,) = await registration.open(clinic_id, TOMORROW)
    assert session["access"] == access
    return SlotKey(session_id=UUID(session["session_id"]), starts_at=datetime.fromisoformat(session["starts_at"]))


async def give(registration, patient: UUID, access: Access) -> Appointment:
    """A place that another capability gives out."""
    async with registration.service.database.work() as work:
        slots = await schedules.free_slots(FindSlots(from_at=NOON, to_at=NOON + timedelta(days=2), access=access), work)
        command = TakePlace(
            appointment_id=new_id(),
            patient_id=patient,
            slot=SlotKey(session_id=slots[0].session_id, starts_at=slots[0].starts_at),
            hold=False,
            visit_type="outpatient",
            channel=Channel.DESK,
        )
        return await booking.book_first_free(command, slots, work, access=access)


@pytest.mark.parametrize("access", ["application", "alliance"])
async def test_what_is_not_public_is_refused_to_whoever_asks_and_given_by_who_may(registration, access):
    slot, patient = await kept(registration, access), await registration.patient()
    refused = await registration.take(slot, patient)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-public")
    assert "apply" in refused.json()["remedy"]
    others = await asyncio.gather(*(registration.ask(slot, one) for one in await registration.patients(3)))
    assert {other.status_code for other in others} == {409}
    given = await give(registration, patient, Access(access))
    assert (given.session_id, given.status) == (slot.session_id, "booked")
    assert (await registration.places(slot))["booked"] == 1


async def test_free_slots_are_those_of_the_access_asked_for(registration):
    slot = await kept(registration, capacity=2)
    at = {"from_at": NOON.isoformat(), "to_at": (NOON + timedelta(days=2)).isoformat()}
    public = (await registration.service.get("/slots", role="front-desk", **at)).json()["slots"]
    ours = (await registration.service.get("/slots", role="front-desk", access="application", **at)).json()["slots"]
    assert (public, {one["session_id"] for one in ours}) == ([], {str(slot.session_id)})


async def test_a_clinics_morning_may_have_a_pool_for_each_access(registration):
    hours = {"weekday": 2, "from": "08:00", "to": "09:00"}
    template = [hours | {"capacity": 3, "access": access} for access in ("alliance", "application", "public")]
    body = {"campus_id": "main", "specialty": "cardiology", "zone": "UTC", "template": template}
    answer = await registration.service.command("PUT", "/clinics/cardiology", role="back-office", body=body)
    assert answer.status_code == 200, answer.text
    sessions = await registration.open("cardiology", TOMORROW)
    assert {one["access"]: one["starts_at"] for one in sessions} == dict.fromkeys(
        ("public", "application", "alliance"), "2026-03-03T08:00:00Z"
    )
    opened = [one for one in await registration.service.said() if isinstance(one, SessionOpened)]
    assert {one.access for one in opened} == {"public", "application", "alliance"}


async def test_a_released_session_is_public_and_said_so_once(registration):
    slot, patient = await kept(registration, capacity=2), await registration.patient()
    await give(registration, patient, Access.APPLICATION)
    body = {"before": (NOON + timedelta(days=3)).isoformat(), "access": "application"}
    released = (await registration.post("/sessions/release", role="back-office", body=body)).json()["sessions"]
    assert [(one["session_id"], one["access"]) for one in released] == [(str(slot.session_id), "public")]
    again = await registration.post("/sessions/release", role="back-office", body=body)
    assert again.json()["sessions"] == []
    (event,) = [one for one in await registration.service.said() if isinstance(one, SessionReleased)]
    assert (event.session_id, event.access, event.places, event.aggregate_version) == (
        slot.session_id,
        "application",
        3,
        2,
    )
    assert (await registration.take(slot, await registration.patient())).status_code == 201


async def test_only_what_is_asked_for_is_released_also_when_nothing_of_it_is_free(registration):
    slot = await kept(registration, "alliance", to="08:30")
    for body in (
        {"before": NOON.isoformat()},
        {"session_ids": [str(slot.session_id)], "access": "application"},
    ):
        answer = await registration.post("/sessions/release", role="back-office", body=body)
        assert answer.json()["sessions"] == []
    await give(registration, await registration.patient(), Access.ALLIANCE)
    unknown = {"session_ids": [str(slot.session_id), str(new_id())]}
    missing = await registration.post("/sessions/release", role="back-office", body=unknown)
    assert (missing.status_code, missing.json()["code"]) == (404, "session-missing")
    body = {"session_ids": [str(slot.session_id)]}
    released = await registration.post("/sessions/release", role="back-office", body=body)
    assert [one["session_id"] for one in released.json()["sessions"]] == [str(slot.session_id)]
    (event,) = [one for one in await registration.service.said() if isinstance(one, SessionReleased)]
    assert event.places == 0
    everything = await registration.post("/sessions/release", role="back-office", body={})
    assert everything.status_code == 422


async def test_an_appointment_is_not_moved_to_a_place_that_is_not_public(registration):
    slot, public = await kept(registration), await registration.slot(days=2)
    booked = (await registration.take(public, await registration.patient())).json()
    body = {"session_id": str(slot.session_id), "slot_starts_at": slot.starts_at.isoformat()}
    refused = await registration.post(f"/appointments/{booked['appointment_id']}/reschedule", body=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-public")
