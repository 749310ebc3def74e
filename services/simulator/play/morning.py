"""A morning round over everybody: the recorded stays as if all had asked for a bed on one morning, on trial.

Played one by one, stays find an empty hospital; here they meet. Invariant: nothing is written by it.
"""

from typing import Any

from services.simulator.hospital.model import Hospital
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Patient, Recording, Stay

COORDINATOR = "coordinator"
DAYS_A_YEAR = 365.25


async def morning_round(suite: Suite, hospital: Hospital, recording: Recording) -> dict[str, Any]:
    """What the round says: each patient's bed and why, who has none, and the certificate."""
    patients = {patient.patient_id: patient for patient in recording.patients}
    requests = [_request(hospital, patients[stay.patient_id], stay) for stay in recording.stays]
    body = {"requests": requests}
    said: dict[str, Any] = await suite.command("beds", "/rounds/trial", body, role=COORDINATOR, wish="morning round")
    return said


def _request(hospital: Hospital, patient: Patient, stay: Stay) -> dict[str, Any]:
    admission = hospital.admission(patient, stay)
    return {
        "id": str(stay.encounter_id),
        "specialty": admission.specialty,
        "campus_id": admission.campus,
        "reachable_campuses": list(admission.reachable_campuses),
        "sex": patient.sex,
        "age_years": max(0.0, (stay.started_at.date() - patient.born_on).days / DAYS_A_YEAR),
        "triage": admission.triage,
        "admission_class": admission.admission_class,
        "rw": admission.rw,
        "level4": admission.level4,
        "department_cmi": admission.department_cmi,
        "needs": list(admission.needs),
        "isolation": admission.isolation,
        "expected_days": admission.expected_days,
        "immediate": admission.immediate,
    }
