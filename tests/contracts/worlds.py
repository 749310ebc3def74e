"""What each service knows before its API is tried: a little of everything, so that operations find something."""

from datetime import timedelta
from typing import Any

from services.beds.app import SERVICE as BEDS
from services.console.app import SERVICE as CONSOLE
from services.discharge.app import SERVICE as DISCHARGE
from services.followup.app import SERVICE as FOLLOWUP
from services.registration.app import SERVICE as REGISTRATION
from shared.ids import new_id
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.patients import PatientRegistered
from tests.contracts.asking import Known
from tests.support.service import ServiceUnderTest

PATIENT = {
    "name": "Invented Person",
    "phone": "+86 28 0000 0000",
    "sex": "F",
    "born_on": "1980-01-01",
    "insutype": "310",
}


async def registration(service: ServiceUnderTest) -> Known:
    """Patients, a clinic with a day of slots, an appointment with what goes with it, a ticket, a referral."""
    patients = [str(new_id()) for _ in range(3)]
    for patient_id in patients:
        await _made(service, "POST", "/patients", "front-desk", {"patient_id": patient_id, **PATIENT})
    line = {"weekday": 3, "from": "08:00", "to": "12:00", "capacity": 5}
    clinic = {"campus_id": "main", "specialty": "cardiology", "zone": "Asia/Shanghai", "template": [line]}
    await _made(service, "PUT", "/clinics/heart", "back-office", clinic)
    days = {"from_on": "2026-03-03", "to_on": "2026-03-05"}
    sessions = (await _made(service, "POST", "/clinics/heart/sessions", "back-office", days))["sessions"]
    places = {"session_id": sessions[0]["session_id"], "slot_starts_at": sessions[0]["starts_at"]}
    wish = {"patient_id": patients[0], "visit_type": "outpatient", "channel": "desk", **places}
    appointment = await _made(service, "POST", "/appointments", "front-desk", wish)
    asked = {"patient_id": patients[0], "kind": "record-copy"}
    ticket = await _made(service, "POST", "/desk/tickets", "front-desk", asked)
    parked = {"appointment_id": appointment["appointment_id"], "plate": "川A12345"}
    await _made(service, "POST", "/arrival-passes", "front-desk", parked)
    contact = {"channel": "sms", "address": "+86 28 0000 0000"}
    await _made(service, "PUT", f"/patients/{patients[0]}/contact", "front-desk", contact)
    await service.deliver(*await service.said())
    await _made(service, "PUT", "/partners/qingyang", "back-office", {"name_zh": "青羊社区", "places_a_week": 5})
    referred = {"partner_id": "qingyang", "patient_id": patients[1], "specialty": "cardiology", "urgency": "soon"}
    referral = await _made(service, "POST", "/referrals", "system", referred)
    return {
        "patient_id": patients,
        "clinic_id": ["heart"],
        "session_id": [places["session_id"]],
        "slot_starts_at": [places["slot_starts_at"]],
        "appointment_id": [appointment["appointment_id"]],
        "ticket_id": [ticket["ticket_id"]],
        "kind": ["record-copy"],
        "campus_id": ["main"],
        "day": ["2026-03-04"],
        "plate": ["川A12345"],
        "partner_id": ["qingyang"],
        "referral_id": [referral["referral_id"]],
        "specialty": ["cardiology"],
        "from_at": ["2026-03-03T00:00:00Z"],
    }


async def beds(service: ServiceUnderTest) -> Known:
    """Beds, and somebody in one."""
    header = (
        "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,stay_band"
    )
    lines = [
        header,
        "east,C1,cardiology,,01,1,U,mixed,,oxygen,any,none,",
        "east,C1,cardiology,,01,2,U,mixed,,oxygen,any,none,",
    ]
    headers = {**service.headers("back-office"), "Idempotency-Key": str(new_id()), "Content-Type": "text/csv"}
    answer = await service.client.post("/beds/import", content="\n".join(lines), headers=headers)
    assert answer.json()["added"] == 2, answer.text
    return {"bed_id": ["east/C1/01/1", "east/C1/01/2"], "ward_id": ["C1"]}


async def discharge(service: ServiceUnderTest) -> Known:
    """A stay with its account."""
    patient_id, stay_id = new_id(), new_id()
    await service.deliver(_registered(service, patient_id), _admitted(service, patient_id, stay_id))
    return {"stay_id": [str(stay_id)], "patient_id": [str(patient_id)]}


async def followup(service: ServiceUnderTest) -> Known:
    """A plan with a task that is due."""
    patient_id, stay_id = new_id(), new_id()
    left_at = service.clock.now()
    left = PatientLeft(stay_id=stay_id, patient_id=patient_id, disposition="home", left_at=left_at, aggregate_version=1)
    await service.deliver(left)
    service.clock.advance(timedelta(days=2))
    await service.fire("followup-due")
    [task] = await service.sql("SELECT task_id, plan_id FROM task")
    return {"patient_id": [str(patient_id)], "task_id": [str(task["task_id"])], "plan_id": [str(task["plan_id"])]}


async def console(_: ServiceUnderTest) -> Known:
    """Nothing yet."""
    return {}


async def _made(service: ServiceUnderTest, method: str, path: str, role: str, body: Any) -> Any:
    answer = await service.command(method, path, role=role, body=body)
    assert answer.is_success, answer.text
    return answer.json()


def _registered(service: ServiceUnderTest, patient_id: Any) -> PatientRegistered:
    return PatientRegistered(
        patient_id=patient_id,
        sex="F",
        birth_month=service.clock.now().date().replace(year=1980, day=1),
        insutype="310",
        retired=False,
        low_income=False,
        registered_at=service.clock.now(),
        aggregate_version=1,
    )


def _admitted(service: ServiceUnderTest, patient_id: Any, stay_id: Any) -> PatientAdmitted:
    return PatientAdmitted(
        stay_id=stay_id,
        patient_id=patient_id,
        bed_id="main/w1/1/1",
        ward_id="w1",
        campus_id="main",
        specialty="cardiology",
        source="clinic",
        admitted_at=service.clock.now(),
        aggregate_version=1,
    )


WORLDS = {
    "registration": (REGISTRATION, registration),
    "beds": (BEDS, beds),
    "discharge": (DISCHARGE, discharge),
    "followup": (FOLLOWUP, followup),
    "console": (CONSOLE, console),
}
