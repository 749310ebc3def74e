"""The one-by-one statement and the batch statement decide alike, and the constraints hold without either."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.registration.booking import lane as lanes
from services.registration.schedules.model import SlotKey
from shared.ids import new_id
from tests.adapters.registration.conftest import keyed
from tests.support.service import NOON


async def told(registration, ask, *, crowded: bool) -> str:
    """The answer's code, asked alone or among others."""
    if not crowded:
        answer = await ask
    else:
        elsewhere = await registration.slot(capacity=10)
        others = [registration.ask(elsewhere, one) for one in await registration.patients(4)]
        answer, *rest = await asyncio.gather(ask, *others)
        assert {other.status_code for other in rest} == {201}
    return "taken" if answer.status_code == 201 else json.loads(answer.body)["code"]


@pytest.fixture
def one_track(monkeypatch):
    """Whoever asks at once is in one turn."""
    monkeypatch.setattr(lanes, "TRACKS", 1)


@pytest.mark.usefixtures("one_track")
@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "among others"])
class TestEachStatement:
    """The same request, through the statement for one and through the statement for many."""

    async def test_gives_a_free_place(self, registration, crowded):
        slot = await registration.slot()
        ask = registration.ask(slot, await registration.patient())
        assert await told(registration, ask, crowded=crowded) == "taken"
        assert await registration.places(slot) == {"booked": 1, "capacity": 1, "last_ordinal": 1}

    async def test_refuses_a_full_slot(self, registration, crowded):
        slot = await registration.slot()
        await registration.ask(slot, await registration.patient())
        ask = registration.ask(slot, await registration.patient())
        assert await told(registration, ask, crowded=crowded) == "slot-full"

    async def test_refuses_a_second_place_in_the_session(self, registration, crowded):
        slot, patient = await registration.slot(capacity=2), await registration.patient()
        later = replace(slot, starts_at=slot.starts_at + timedelta(minutes=30))
        await registration.ask(slot, patient)
        ask = registration.ask(later, patient)
        assert await told(registration, ask, crowded=crowded) == "patient-has-appointment"

    async def test_refuses_a_second_appointment_for_an_encounter(self, registration, crowded):
        slot = await registration.slot(capacity=2)
        await registration.ask(slot, await registration.patient(), encounter_id="e-1")
        ask = registration.ask(slot, await registration.patient(), encounter_id="e-1")
        assert await told(registration, ask, crowded=crowded) == "encounter-has-appointment"

    async def test_refuses_an_id_that_is_in_use(self, registration, crowded):
        slot, appointment_id = await registration.slot(capacity=2), new_id()
        await registration.ask(slot, await registration.patient(), appointment_id=appointment_id)
        ask = registration.ask(slot, await registration.patient(), appointment_id=appointment_id)
        assert await told(registration, ask, crowded=crowded) == "appointment-exists"

    async def test_refuses_a_slot_that_is_over(self, registration, crowded):
        slot = await registration.slot()
        registration.service.clock.set(slot.starts_at + timedelta(minutes=30))
        ask = registration.ask(slot, await registration.patient())
        if crowded:
            others = [registration.ask(slot, one) for one in await registration.patients(2)]
            answers = await asyncio.gather(ask, *others)
        else:
            answers = [await ask]
        assert {json.loads(answer.body)["code"] for answer in answers} == {"slot-over"}

    async def test_finds_no_slot_where_there_is_none(self, registration, crowded):
        ask = registration.ask(SlotKey(session_id=new_id(), starts_at=NOON), await registration.patient())
        assert await told(registration, ask, crowded=crowded) == "slot-missing"

    async def test_finds_no_patient_where_there_is_none(self, registration, crowded):
        slot = await registration.slot()
        assert await told(registration, registration.ask(slot, new_id()), crowded=crowded) == "patient-missing"
        assert (await registration.places(slot))["booked"] == 0

    async def test_refuses_a_patient_who_has_died(self, registration, crowded):
        slot, patient = await registration.slot(), await registration.patient()
        await registration.post(f"/patients/{patient}/death", body={"deceased_at": NOON.isoformat()})
        ask = registration.ask(slot, patient)
        assert await told(registration, ask, crowded=crowded) == "patient-deceased"

    async def test_repeats_its_answer_for_a_key(self, registration, crowded):
        slot, patient, key = await registration.slot(), await registration.patient(), str(new_id())
        first = await registration.ask(slot, patient, key=key)
        assert await told(registration, registration.ask(slot, patient, key=key), crowded=crowded) == "taken"
        assert (await registration.ask(slot, patient, key=key)).body == first.body


async def test_what_is_missing_is_not_remembered_and_may_come(registration):
    slot, key = await registration.slot(), str(new_id())
    patient = new_id()
    assert (await registration.ask(slot, patient, key=key)).status_code == 404
    body = {"patient_id": str(patient), "name": "Li Invented", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}
    assert (await registration.post("/patients", body=body)).status_code == 201
    assert (await registration.ask(slot, patient, key=key)).status_code == 201


async def test_the_database_itself_refuses_to_oversell(registration):
    slot = await registration.slot(capacity=1)
    await registration.ask(slot, await registration.patient())
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await registration.service.sql("UPDATE slot SET booked = booked + 1, last_ordinal = 9 WHERE booked = 1")
    assert refusal.value.constraint_name == "slot_never_oversold"


async def test_the_database_itself_refuses_a_number_given_out_twice(registration):
    slot = await registration.slot(capacity=2)
    for patient in await registration.patients(2):
        await registration.ask(slot, patient)
    with pytest.raises(asyncpg.UniqueViolationError) as refusal:
        await registration.service.sql("UPDATE appointment SET ordinal = 1")
    assert refusal.value.constraint_name == "one_appointment_an_ordinal"


async def test_the_lane_and_the_ordinary_edge_share_their_keys(registration):
    slot, patient, key = await registration.slot(capacity=2), await registration.patient(), str(new_id())
    booked = await registration.take(slot, patient, key=key)
    assert booked.status_code == 201
    path = f"/appointments/{booked.json()['appointment_id']}/cancellation"
    assert (await registration.post(path, body={"reason": "patient"}, key=key)).status_code == 422
    assert keyed(slot, patient).key != key
