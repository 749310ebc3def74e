"""One row in, one record out: a patient, an insurer, an encounter, a charge.

Invariants: a row is read whole or refused with `Unreadable`; an id is taken once in its file, by the first good row.
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from services.simulator.reading import fields, timing
from services.simulator.reading.fields import Unreadable
from services.simulator.reading.model import (
    KNOWN_UNCOVERED_CLASSES,
    STAY_CLASSES,
    VISIT_CLASSES,
    Charge,
    Encounter,
    Patient,
    Stay,
)

Row = tuple[str, ...]

CHARGE = "CHARGE"
PATIENT_COLUMNS = ("Id", "BIRTHDATE", "DEATHDATE", "GENDER", "FIRST", "LAST")
PAYER_COLUMNS = ("Id", "NAME")
ENCOUNTER_COLUMNS = (
    *("Id", "START", "STOP", "PATIENT", "PAYER", "ENCOUNTERCLASS"),
    *("CODE", "DESCRIPTION", "REASONCODE", "REASONDESCRIPTION"),
)
CHARGE_COLUMNS = ("ID", "TYPE", "APPOINTMENTID", "AMOUNT", "FROMDATE", "PROCEDURECODE", "NOTES")


class Ids:
    """The ids that a file has used so far, each with its line."""

    def __init__(self) -> None:
        self._lines: dict[UUID, int] = {}

    def take(self, taken: UUID, column: str, line: int) -> UUID:
        """Use the id, or refuse the second row that wants it."""
        if (first := self._lines.setdefault(taken, line)) != line:
            raise Unreadable(f"{column} stands on line {first} already: give each row its own")
        return taken


class PatientRows:
    """Reads rows in the order of `PATIENT_COLUMNS`."""

    def __init__(self) -> None:
        self._ids = Ids()

    def __call__(self, line: int, row: Row) -> Patient:
        """The patient of this row."""
        patient_id, birth, death, sex, first, last = row
        born_on = fields.day(birth, "BIRTHDATE")
        died_on = fields.day(death, "DEATHDATE") if death else None
        if died_on and died_on < born_on:
            raise Unreadable("DEATHDATE before BIRTHDATE: correct one of the two days")
        read_sex = fields.sex(sex, "GENDER")
        return Patient(
            patient_id=self._ids.take(fields.identity(patient_id, "Id"), "Id", line),
            given_name=first,
            family_name=last,
            sex=read_sex,
            born_on=born_on,
            died_on=died_on,
        )


def payer_of(_line: int, row: Row) -> tuple[str, str]:
    """The insurer's id and name, from a row in the order of `PAYER_COLUMNS`."""
    payer_id, name = row
    return payer_id, name


class EncounterRows:
    """Reads rows in the order of `ENCOUNTER_COLUMNS`; counts the encounters of other classes and passes over them."""

    def __init__(self, patients: Mapping[UUID, Patient], payers: Mapping[str, str]) -> None:
        self.not_covered: Counter[str] = Counter(dict.fromkeys(KNOWN_UNCOVERED_CLASSES, 0))
        self._patients = patients
        self._payers = payers
        self._ids = Ids()

    def __call__(self, line: int, row: Row) -> Encounter | None:
        """The encounter of this row, or None when its class is not covered."""
        encounter_id, start, stop, patient_id, payer_id, its_class, code, description, reason_code, reason = row
        encounter_class = its_class.casefold()
        if not encounter_class:
            raise Unreadable("ENCOUNTERCLASS is empty: give the class, such as ambulatory")
        if encounter_class not in (*VISIT_CLASSES, *STAY_CLASSES):
            self.not_covered[encounter_class] += 1
            return None
        patient = self._patients.get(fields.identity(patient_id, "PATIENT"))
        if patient is None:
            raise Unreadable("PATIENT is in no good row of patients.csv: add or mend that row")
        started_at = fields.instant(start, "START")
        stopped_at = fields.instant(stop, "STOP")
        if stopped_at < started_at:
            raise Unreadable("STOP before START")
        if started_at < timing.midnight(patient.born_on):
            raise Unreadable("START before the patient's BIRTHDATE: correct one of the two")
        return Encounter(
            encounter_id=self._ids.take(fields.identity(encounter_id, "Id"), "Id", line),
            patient_id=patient.patient_id,
            encounter_class=encounter_class,
            started_at=started_at,
            stopped_at=stopped_at,
            code=code,
            description=description,
            reason_code=reason_code,
            reason=reason,
            payer=self._payers.get(payer_id, ""),
            line=line,
        )


class ChargeRows:
    """Reads rows in the order of `CHARGE_COLUMNS`; passes over payments and transfers and what belongs to no stay.

    `stays` holds each stay under the id of every encounter of it, as text.
    """

    def __init__(self, stays: Mapping[str, Stay]) -> None:
        self._stays = stays
        self._ids = Ids()

    def __call__(self, line: int, row: Row) -> tuple[Stay, Charge] | None:
        """The charge of this row with the stay that bears it, or None when it is no charge of a stay."""
        charge_id, row_type, encounter_id, amount, posted, code, description = row
        stay = self._stays.get(encounter_id.casefold()) if row_type == CHARGE else None
        if stay is None:
            return None
        amount_fen = fields.fen(amount, "AMOUNT")
        posted_at = fields.instant(posted, "FROMDATE")
        charge = Charge(
            charge_id=self._ids.take(fields.identity(charge_id, "ID"), "ID", line),
            encounter_id=UUID(encounter_id),
            posted_at=timing.inside(posted_at, stay.started_at, stay.ended_at),
            code=code,
            description=description,
            amount_fen=amount_fen,
            line=line,
        )
        return stay, charge
