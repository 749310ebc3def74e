"""The demo's exam plans, played into registration alone: every patient's exams are planned, booked and done."""

from deploy.local.demo import SHIPPED
from services.simulator.hospital import files
from services.simulator.play.agenda import Agenda
from services.simulator.play.exams import Exams, open_exams
from services.simulator.play.suite import Addresses, Suite
from services.simulator.reading import synthea
from tests.adapters.registration.conftest import WRITE_PATIENTS
from tests.support.service import listening


async def test_the_shipped_patients_exams_need_fewer_visits_than_one_by_one(registration):
    service, recording, agenda = registration.service, synthea.read(SHIPPED), Agenda()
    async with service.database.work() as work:
        await (await work.sql()).execute(WRITE_PATIENTS, [one.patient_id for one in recording.patients])
    async with listening(service) as address:
        addresses = Addresses(services={"registration": address}, kafka="", token=service.token)
        suite = Suite(addresses)
        Exams(suite, agenda).plan(recording)
        first = agenda.next_at()
        service.clock.set(first)
        assert await open_exams(suite, files.load()) == 53
        while at := agenda.next_at():
            service.clock.set(at)
            await agenda.do_next()
        summary = await suite.get("registration", "/exam-orders/summary", role="viewer")
        await suite.close()
    assert summary == {
        "orders": 27,
        "exams": 99,
        "done": 99,
        "visits": 27,
        "visits_compared": 20,
        "visits_one_by_one": 43,
        "unplanned": 0,
    }
