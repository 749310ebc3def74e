"""A hospital of two wards and three rooms, who comes to it, and the calls that the tests make again and again."""

from datetime import date, datetime

from shared.ids import new_id
from shared.messages.discharge.clearance import PatientLeft
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased

HEADER = "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,stay_band"
SMALL = [
    "east,C1,cardiology,surgery,01,1,U,single,,oxygen,adult,none,1-9",
    "east,C1,cardiology,surgery,01,2,U,single,,oxygen,adult,none,1-9",
    "east,S1,surgery,,01,1,U,mixed,,oxygen;telemetry,any,none,",
]
TWIN_1, TWIN_2, SINGLE = "east/C1/01/1", "east/C1/01/2", "east/S1/01/1"


async def import_beds(service, lines, header=HEADER, role="back-office", key=None):
    """Send a bed file."""
    headers = {**service.headers(role), "Idempotency-Key": key or str(new_id()), "Content-Type": "text/csv"}
    content = "\n".join([header, *lines]) + "\n"
    return await service.client.post("/beds/import", content=content.encode(), headers=headers)


def requested(at: datetime, **changes) -> AdmissionRequested:
    """A woman of fifty who needs a cardiology bed at east, class B, for four days."""
    request_id = new_id()
    usual = {
        "request_id": request_id,
        "patient_id": new_id(),
        "source": "clinic",
        "specialty": "cardiology",
        "campus_id": "east",
        "reachable_campuses": (),
        "sex": "F",
        "age_years": 50,
        "triage": None,
        "admission_class": "B",
        "immediate": False,
        "diagnosis_code": "I21.9",
        "procedure_code": None,
        "drg": None,
        "drg_version": None,
        "rw": 1.2,
        "level4": False,
        "department_cmi": 1.0,
        "social_points": 0.0,
        "needs": (),
        "isolation": "none",
        "expected_days": 4,
        "requested_at": at,
        "aggregate_version": 1,
    }
    return AdmissionRequested(**(usual | changes))


async def comes(service, **changes) -> AdmissionRequested:
    """Somebody asks for admission; the event is delivered."""
    event = requested(service.clock.now(), **changes)
    await service.deliver(event)
    return event


async def reserve(service, request_id, bed_id, override=None):
    """Reserve by hand, in a transaction of its own; rolled back when refused."""
    body = {"request_id": str(request_id), "bed_id": bed_id}
    if override:
        body["override_reason"] = override
    return await service.command("POST", "/stays", role="coordinator", body=body)


async def admitted(service, bed_id, **changes) -> AdmissionRequested:
    """Somebody comes and lies in that bed."""
    event = await comes(service, **changes)
    assert (await reserve(service, event.request_id, bed_id)).status_code == 201
    answer = await admit(service, event.request_id)
    assert answer.status_code == 200
    return event


async def admit(service, request_id):
    """The patient arrives, whatever is still to be prepared."""
    body = {"open_items_reason": "ward-decision"}
    return await service.command("POST", f"/stays/{request_id}/admission", role="ward-nurse", body=body)


async def accept(service, request_id):
    """The coordinator takes the proposal."""
    return await service.command("POST", f"/requests/{request_id}/acceptance", role="coordinator")


async def transfer(service, request_id, bed_id):
    """The patient moves."""
    return await service.command("POST", f"/stays/{request_id}/transfer", role="ward-nurse", body={"bed_id": bed_id})


async def bed(service, bed_id):
    """How a bed stands."""
    return (await service.get(f"/beds/{bed_id}", role="viewer")).json()


async def explanation(service, request_id):
    """What the rounds say to a request."""
    return (await service.get(f"/requests/{request_id}/proposal", role="viewer")).json()


def left(event: AdmissionRequested, at: datetime) -> PatientLeft:
    """The discharge service says that the patient has left."""
    return PatientLeft(
        stay_id=event.request_id, patient_id=event.patient_id, disposition="home", left_at=at, aggregate_version=9
    )


def died(event: AdmissionRequested, on: date) -> PatientDeceased:
    """Registration says that the patient has died."""
    return PatientDeceased(patient_id=event.patient_id, deceased_on=on, aggregate_version=2)


async def said_types(service):
    """The types of all that was said, without service and version."""
    return [event.type.split(".")[1] for event in await service.said()]
