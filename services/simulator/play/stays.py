"""Playing recorded stays: request, bed, charges, settlement at the bedside, leaving.

Each step is what its person would do: the clinician writes the request, the coordinator accepts the proposal, patient
and ward prepare the admission, the ward nurse admits, posts, settles and says goodbye, housekeeping cleans.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from services.simulator.catalogue.codes import Kind
from services.simulator.catalogue.model import Catalogue, Cover
from services.simulator.hospital.model import Hospital
from services.simulator.play.agenda import Agenda
from services.simulator.play.people import People
from services.simulator.play.preparing import prepare
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Charge, Patient, Recording, Stay

CLINICIAN = "clinician"
COORDINATOR = "coordinator"
WARD_NURSE = "ward-nurse"
CLEANING = timedelta(minutes=45)
DEPOSIT_FEN = 100_000
FIRST, MIDDLE, LAST = -1, 0, 2
"""Ranks of one instant: a patient is admitted before a charge is posted, and charged before leaving."""

Settle = Callable[[], Awaitable[object]]


class Stays:
    """The inpatient side of a recording. `settle` waits until nothing is under way."""

    def __init__(
        self,
        *,
        suite: Suite,
        hospital: Hospital,
        catalogue: Catalogue,
        people: People,
        agenda: Agenda,
        settle: Settle,
    ) -> None:
        self._suite = suite
        self._hospital = hospital
        self._catalogue = catalogue
        self._people = people
        self._agenda = agenda
        self._settle = settle
        self._beds: dict[UUID, str] = {}

    def plan(self, recording: Recording, patient: Patient, stay: Stay, cover: Cover) -> None:
        """Put the stay's happenings on the agenda."""
        dies = not recording.opens_plan(stay)
        self._agenda.plan(stay.started_at, partial(self._admit, patient, stay), FIRST)
        for charge in stay.charges:
            self._agenda.plan(charge.posted_at, partial(self._charge, stay, charge), MIDDLE)
        self._agenda.plan(stay.ended_at, partial(self._discharge, patient, stay, cover, dies=dies), LAST)
        self._agenda.plan(stay.ended_at + CLEANING, partial(self._clean, stay), LAST)

    async def _admit(self, patient: Patient, stay: Stay) -> None:
        """From the request to the bed, and a deposit paid on arrival."""
        name = str(stay.encounter_id)
        admission = self._hospital.admission(patient, stay)
        request = {
            "request_id": name,
            "patient_id": str(patient.patient_id),
            "source": admission.source,
            "specialty": admission.specialty,
            "campus_id": admission.campus,
            "reachable_campuses": list(admission.reachable_campuses),
            "triage": admission.triage,
            "admission_class": admission.admission_class,
            "immediate": admission.immediate,
            "diagnosis_code": admission.diagnosis_code,
            "drg": admission.drg,
            "drg_version": admission.drg_version,
            "rw": admission.rw,
            "level4": admission.level4,
            "department_cmi": admission.department_cmi,
            "needs": list(admission.needs),
            "isolation": admission.isolation,
            "expected_days": admission.expected_days,
            "encounters": [
                {"encounter_id": str(one.encounter_id), "encounter_class": one.encounter_class}
                for one in stay.encounters
            ],
        }
        await self._ask("registration", "/admission-requests", request, CLINICIAN, f"request {name}")
        await self._settle()
        reserved = await self._ask("beds", f"/requests/{name}/acceptance", None, COORDINATOR, f"accept {name}")
        self._beds[stay.encounter_id] = reserved["bed_id"]
        await prepare(self._suite, name)
        await self._ask("beds", f"/stays/{name}/admission", None, WARD_NURSE, f"admit {name}")
        await self._settle()
        deposit = {"payment_id": name, "channel": "wechat", "amount_fen": DEPOSIT_FEN}
        await self._ask("discharge", f"/accounts/{name}/deposits", deposit, WARD_NURSE, f"deposit {name}")

    async def _charge(self, stay: Stay, charge: Charge) -> None:
        """A fee line; a medicine is issued to the ward at the same time."""
        item = self._catalogue.item(charge.code)
        line = {
            "charge_id": str(charge.charge_id),
            "encounter_id": str(charge.encounter_id),
            "item_code": charge.code,
            "line_class": item.terms.line_class,
            "price_fen": charge.amount_fen,
            "count": "1",
            "price_limit_fen": item.terms.price_limit_fen,
            "preself_ratio": item.terms.preself_ratio,
        }
        path = f"/accounts/{stay.encounter_id}"
        body = {"charges": [line]}
        await self._ask("discharge", f"{path}/charges", body, WARD_NURSE, f"charge {charge.charge_id}")
        if item.kind is Kind.MEDICINE:
            issue = {"issue_id": str(charge.charge_id), "item_code": charge.code, "count": "1"}
            await self._ask("discharge", f"{path}/medicine-issues", issue, WARD_NURSE, f"issue {charge.charge_id}")

    async def _discharge(self, patient: Patient, stay: Stay, cover: Cover, *, dies: bool) -> None:
        """From the order to the door: blockers resolved, settled at the bedside, money returned or paid, left."""
        name = str(stay.encounter_id)
        path = f"/accounts/{name}"
        await self._people.insure(patient, cover, stay.ended_at)
        order = {"disposition": "exp" if dies else "home"}
        ordered = await self._ask("discharge", f"{path}/discharge-order", order, CLINICIAN, f"order {name}")
        for blocker in ordered["blockers"]:
            await self._resolve(path, blocker)
        presettled = await self._ask("discharge", f"{path}/presettlement", None, WARD_NURSE, f"presettle {name}")
        snapshot = {"snapshot": presettled["snapshot"]}
        await self._ask("discharge", f"{path}/confirmation", snapshot, WARD_NURSE, f"confirm {name}")
        settled = await self._ask("discharge", f"{path}/settlement", None, WARD_NURSE, f"settle {name}")
        if settled["to_pay_fen"]:
            payment = {"payment_id": name, "channel": "wechat", "amount_fen": settled["to_pay_fen"]}
            await self._ask("discharge", f"{path}/payments", payment, WARD_NURSE, f"pay {name}")
        await self._ask("discharge", f"{path}/leave", None, WARD_NURSE, f"leave {name}")
        await self._settle()

    async def _resolve(self, path: str, blocker: dict[str, Any]) -> None:
        """Unreturned medicine goes back to the pharmacy."""
        issue = blocker["subject_id"]
        await self._ask("discharge", f"{path}/medicine-issues/{issue}/return", None, WARD_NURSE, f"return {issue}")

    async def _clean(self, stay: Stay) -> None:
        bed_id = self._beds[stay.encounter_id]
        await self._ask("beds", f"/beds/{bed_id}/cleaned", None, WARD_NURSE, f"clean {stay.encounter_id}")

    async def _ask(self, service: str, path: str, body: Any, role: str, wish: str) -> Any:  # noqa: ANN401 - any JSON
        return await self._suite.command(service, path, body, role=role, wish=wish)
