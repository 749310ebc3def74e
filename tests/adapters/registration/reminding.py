"""What tests of reminders share: who can be written to, a way out that remembers, and registration hearing itself."""

import asyncio
from datetime import datetime, timedelta

from services.registration.patients.model import ContactChannel
from services.registration.reminders.model import Result
from services.registration.reminders.sending import Dispatch
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentRescheduled,
)
from shared.messages.registration.exams import ExamPlanBooked, ExamPlanCancelled, ExamPlanChanged
from shared.messages.registration.patients import ContactChosen, PatientDeceased
from shared.telemetry import Telemetry
from tests.adapters.registration.exam_rooms import act, order
from tests.support.service import NOON

RUNGS = ("3d", "1d", "2h")
OWN = (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentRescheduled,
    ContactChosen,
    PatientDeceased,
    AdmissionRequested,
    ExamPlanBooked,
    ExamPlanChanged,
    ExamPlanCancelled,
)


class Post:
    """A way out that remembers what it was given, and answers as it is told for an address."""

    def __init__(self):
        self.sent, self.answers = [], {}

    async def send(self, message):
        self.sent.append(message)
        answer = self.answers.get(message.address, Result.SENT)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def hear(registration):
    """Registration hears what it has said since, and what it says to that."""
    said = await registration.service.said()
    while registration.heard < len(said):
        new, registration.heard = said[registration.heard :], len(said)
        await registration.service.deliver(*(event for event in new if isinstance(event, OWN)))
        said = await registration.service.said()


async def reachable(registration, address="+86 28 0000 0000", channel="sms", language="zh"):
    patient_id = await registration.patient()
    answer = await registration.service.command(
        "PUT",
        f"/patients/{patient_id}/contact",
        role="front-desk",
        body={"channel": channel, "address": address, "language": language},
    )
    assert answer.status_code == 200, answer.text
    return patient_id


async def states(registration, **wanted):
    page = (await registration.service.get("/reminders", role="front-desk", **wanted)).json()["reminders"]
    return {(one["rung"], one["slot_starts_at"]): (one["state"], one["reason"]) for one in page}


async def fire(registration, post, telemetry=None):
    dispatch = Dispatch({ContactChannel.SMS: post}, telemetry or Telemetry("test"))
    return await dispatch.fire(registration.service.database, 100)


async def die_sending(registration, post, how_many=1):
    """A process begins to send, and dies once so many are under way."""
    under_way = asyncio.Event()

    class Dying:
        async def send(self, message):
            post.sent.append(message)
            if len(post.sent) == how_many:
                under_way.set()
            await asyncio.Event().wait()

    dying = asyncio.create_task(fire(registration, Dying()))
    await under_way.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)


async def booked_exams(exams, patient, *items, **fields):
    """An order and its plan, which begins ten days after noon of the test's day; registration has heard of it."""
    written = await order(exams, patient, *items, not_before=(NOON + timedelta(days=10)).isoformat(), **fields)
    plan = (await act(exams, written, "booking")).json()["order"]
    await hear(exams)
    return written, plan


async def move_exam(exams, written, item, on, which=3, campus="main"):
    """Move an exam to one of the places that it can have on its campus on a day; when that is."""
    path = f"/exam-orders/{written['order']['order_id']}/exams/{item}/starts"
    starts = (await exams.service.get(path, role="patient-app", on=on.date().isoformat())).json()["starts"]
    place = [one for one in starts if one["campus_id"] == campus][which]
    body = {"starts_at": place["starts_at"], "device_id": place["device_id"]}
    answer = await act(exams, written, f"exams/{item}/move", body, role="patient-app")
    assert answer.status_code == 200, answer.text
    return place["starts_at"]


def at(text):
    return datetime.fromisoformat(text)
