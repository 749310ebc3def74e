"""Discharge under test: its real application beside the simulated centre, which listens on loopback."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import httpx
import pytest

from services.discharge.app import SERVICE
from services.simulator.app import SERVICE as CENTRE
from shared.ids import new_id
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.registration.patients import PatientRegistered
from tests.support.service import ServiceFactory, ServiceUnderTest, listening

NURSE, CLINICIAN, BACK_OFFICE, OPERATOR = "ward-nurse", "clinician", "back-office", "operator"
TIMEOUT_SECONDS = 2.5


@dataclass
class SimulatedCentre:
    """The centre's process as a test sees it."""

    service: ServiceUnderTest
    url: str

    async def insure(self, psn_no, *, insutype="310", retired=False, low_income=False, balance_fen=0):
        body = {
            "insutype": insutype,
            "retired": retired,
            "low_income": low_income,
            "account_balance_fen": balance_fen,
        }
        answer = await self.service.command("PUT", f"/persons/{psn_no}", role=OPERATOR, body=body)
        assert answer.status_code == 200, answer.text

    async def fault(self, infno, kind, times=1):
        body = {"infno": infno, "kind": kind, "times": times}
        answer = await self.service.command("POST", "/faults", role=OPERATOR, body=body)
        assert answer.status_code == 201, answer.text

    async def heal(self):
        assert (await self.service.command("DELETE", "/faults", role=OPERATOR)).status_code == 200

    async def balance_fen(self, psn_no):
        return (await self.service.get(f"/persons/{psn_no}", role=OPERATOR)).json()["account_balance_fen"]

    async def standing(self):
        return await self.service.sql("SELECT * FROM settlement WHERE state = 'standing'")


@dataclass
class Ward:
    """A ward that settles at the bedside: one call a step."""

    discharge: ServiceUnderTest
    centre: SimulatedCentre
    answers: list[httpx.Response] = field(default_factory=list)

    async def admit(self, *, insutype="310", balance_fen=0, patient_id=None, registered=True, **cover) -> UUID:
        """A new stay of a new patient, whom the centre knows."""
        patient, stay = patient_id or new_id(), new_id()
        await self.centre.insure(patient, insutype=insutype, balance_fen=balance_fen, **cover)
        events = [admitted(self.discharge, patient, stay)]
        if registered and patient_id is None:
            events.insert(0, known(self.discharge, patient, insutype))
        await self.discharge.deliver(*events)
        return stay

    async def post(self, stay, path, body=None, *, role=NURSE, status=None, key=None):
        answer = await self.discharge.command("POST", f"/accounts/{stay}/{path}", role=role, body=body, key=key)
        self.answers.append(answer)
        if status is not None:
            assert answer.status_code == status, answer.text
        return answer

    async def charge(self, stay, *lines, status=201):
        return await self.post(stay, "charges", {"charges": list(lines)}, status=status)

    async def deposit(self, stay, amount_fen, channel="wechat"):
        body = {"payment_id": str(new_id()), "channel": channel, "amount_fen": amount_fen}
        return (await self.post(stay, "deposits", body, status=201)).json()

    async def order(self, stay, disposition="home"):
        body = {"disposition": disposition}
        return (await self.post(stay, "discharge-order", body, role=CLINICIAN, status=201)).json()

    async def presettle(self, stay):
        return (await self.post(stay, "presettlement", status=201)).json()

    async def confirm(self, stay, snapshot):
        return (await self.post(stay, "confirmation", {"snapshot": snapshot}, status=200)).json()

    async def settle(self, stay, *, status=200):
        return (await self.post(stay, "settlement", status=status)).json()

    async def up_to_signed(self, stay):
        """Ordered, presettled and signed."""
        await self.order(stay)
        presettled = await self.presettle(stay)
        return await self.confirm(stay, presettled["snapshot"])

    async def screen(self, stay):
        return (await self.discharge.get(f"/accounts/{stay}/settlement", role=NURSE)).json()

    async def records(self, **params):
        answer = await self.discharge.get("/settlements", role=BACK_OFFICE, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


def line(price_fen=100_000, count="1", line_class="01", **terms):
    """A fee line."""
    return {
        "charge_id": str(new_id()),
        "item_code": "drug-1",
        "line_class": line_class,
        "price_fen": price_fen,
        "count": count,
        **terms,
    }


def known(service, patient_id, insutype="310"):
    """The register's event."""
    return PatientRegistered(
        patient_id=patient_id,
        sex="F",
        birth_month=date(1960, 5, 1),
        insutype=insutype,
        retired=False,
        low_income=False,
        registered_at=service.clock.now(),
        aggregate_version=1,
    )


def admitted(service, patient_id, stay_id, version=2):
    """The ward's event."""
    return PatientAdmitted(
        stay_id=stay_id,
        patient_id=patient_id,
        bed_id="A-01-1",
        ward_id="A-01",
        campus_id="A",
        specialty="cardiology",
        source="clinic",
        admitted_at=service.clock.now(),
        aggregate_version=version,
    )


@pytest.fixture
async def centre(run_service: ServiceFactory) -> AsyncIterator[SimulatedCentre]:
    """The simulated centre on its own database, reached over real HTTP."""
    async with run_service(CENTRE) as service, listening(service) as url:
        yield SimulatedCentre(service, url)


@pytest.fixture
async def discharge(run_service: ServiceFactory, centre: SimulatedCentre) -> AsyncIterator[ServiceUnderTest]:
    """The discharge service."""
    async with run_service(SERVICE, centre_url=centre.url, centre_timeout_seconds=TIMEOUT_SECONDS) as service:
        yield service


@pytest.fixture
def ward(discharge: ServiceUnderTest, centre: SimulatedCentre) -> Ward:
    """A ward that settles at the bedside."""
    return Ward(discharge, centre)
