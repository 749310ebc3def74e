"""Small Synthea exports that a test writes: a row is what it differs in from a plain good one."""

import csv
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from services.simulator.reading.model import Encounter, Patient, Stay

NAMESPACE = UUID("6f1e9f6a-6c5c-4d7e-9a55-3f2f3c1d2b00")

PATIENT = {
    "Id": "",
    "BIRTHDATE": "1980-05-01",
    "DEATHDATE": "",
    "GENDER": "F",
    "FIRST": "Ada1",
    "LAST": "Lovell2",
}
PAYER = {"Id": "", "NAME": "Aetna"}
ENCOUNTER = {
    "Id": "",
    "START": "2023-01-27T16:17:47Z",
    "STOP": "2023-01-27T17:17:47Z",
    "PATIENT": "",
    "PAYER": "",
    "ENCOUNTERCLASS": "emergency",
    "CODE": "50849002",
    "DESCRIPTION": "Emergency room admission (procedure)",
    "REASONCODE": "",
    "REASONDESCRIPTION": "",
}
CHARGE = {
    "ID": "",
    "TYPE": "CHARGE",
    "APPOINTMENTID": "",
    "AMOUNT": "129.16",
    "FROMDATE": "2023-01-27T16:17:47Z",
    "PROCEDURECODE": "50849002",
    "NOTES": "Emergency room admission (procedure)",
}


def identity(name):
    """The UUID that stands for this name."""
    return str(uuid5(NAMESPACE, name))


def patient(name="p", **differs):
    """A row of patients.csv."""
    return {**PATIENT, "Id": identity(name), **differs}


def encounter(name="e", of="p", **differs):
    """A row of encounters.csv: an emergency of one hour."""
    return {**ENCOUNTER, "Id": identity(name), "PATIENT": identity(of), "PAYER": identity("payer"), **differs}


def charge(name="c", of="e", **differs):
    """A row of claims_transactions.csv: a charge in that encounter."""
    return {**CHARGE, "ID": identity(name), "APPOINTMENTID": identity(of), **differs}


def read_stay(
    *, born_on="1980-05-01", sex="F", encounter_class="emergency", code="", text="", reason_code="", reason=""
):
    """A patient and their stay of one encounter in June 2020, as the reader would give them."""
    start = datetime(2020, 6, 1, 12, tzinfo=UTC)
    patient_id = UUID(identity("p"))
    encounter = Encounter(
        encounter_id=UUID(identity("e")),
        patient_id=patient_id,
        encounter_class=encounter_class,
        started_at=start,
        stopped_at=start,
        code=code,
        description=text,
        reason_code=reason_code,
        reason=reason,
        payer="Aetna",
        line=2,
    )
    patient = Patient(
        patient_id=patient_id,
        given_name="Ada1",
        family_name="Lovell2",
        sex=sex,
        born_on=date.fromisoformat(born_on),
        died_on=None,
    )
    return patient, Stay(encounters=(encounter,), charges=())


def write(directory, *, patients=None, encounters=None, charges=None, payers=None):
    """Write the four files; a file that is not given has one plain row."""
    for file, rows in {
        "patients.csv": patients if patients is not None else [patient()],
        "payers.csv": payers if payers is not None else [{**PAYER, "Id": identity("payer")}],
        "encounters.csv": encounters if encounters is not None else [encounter()],
        "claims_transactions.csv": charges if charges is not None else [charge()],
    }.items():
        with (directory / file).open("w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return directory
