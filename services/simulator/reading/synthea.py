"""Reading a Synthea CSV export: the four files that the journey needs, found by name, their columns found by name.

Invariants: the whole export is checked for missing files and columns before a row is read; a bad row is named with its
file and line and costs nothing but itself; the claims, which can be gigabytes, are streamed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from services.simulator.reading import records, timing
from services.simulator.reading.fields import Unreadable
from services.simulator.reading.model import (
    STAY_CLASSES,
    VISIT_CLASSES,
    Charge,
    Encounter,
    Patient,
    Recording,
    RejectedRow,
    Stay,
    UnreadableExport,
)
from services.simulator.reading.records import ChargeRows, EncounterRows, PatientRows, Row
from services.simulator.reading.rows import missing_columns, rows
from shared.clock import LATEST

PATIENTS = "patients.csv"
PAYERS = "payers.csv"
ENCOUNTERS = "encounters.csv"
CLAIMS = "claims_transactions.csv"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    PATIENTS: records.PATIENT_COLUMNS,
    PAYERS: records.PAYER_COLUMNS,
    ENCOUNTERS: records.ENCOUNTER_COLUMNS,
    CLAIMS: records.CHARGE_COLUMNS,
}
ROWS_A_REPORT = 50_000

Record = TypeVar("Record")
OnProgress = Callable[[str, int], None]


def read(directory: Path, on_progress: OnProgress | None = None) -> Recording:
    """The recording that the export in `directory` holds.

    `on_progress` is told a file and the rows read of it, every 50,000 rows. Raises `UnreadableExport`, before any row
    is read, when a file or a column is missing. The rules are those of `README.md` beside this file.
    """
    check(directory)
    export = Export(directory, on_progress)
    patients = {patient.patient_id: patient for patient in export.records(PATIENTS, PatientRows())}
    reading = EncounterRows(patients, dict(export.records(PAYERS, records.payer_of)))
    encounters = sorted(export.records(ENCOUNTERS, reading), key=timing.in_order)
    bare_stays = stays_among(encounters)
    died_at = deaths(patients.values(), bare_stays)
    stays = charged(list(alive(bare_stays, died_at, export)), export)
    return Recording(
        patients=tuple(patients.values()),
        visits=tuple(encounter for encounter in encounters if encounter.encounter_class in VISIT_CLASSES),
        stays=stays,
        deaths=died_at,
        not_covered=dict(reading.not_covered),
        rejected=tuple(export.rejected),
    )


def check(directory: Path) -> None:
    """Raise `UnreadableExport`, which names every missing file and column of the export at once."""
    problems: list[str] = []
    for file, columns in COLUMNS.items():
        try:
            missing = missing_columns(directory / file, columns)
        except OSError as error:
            problems.append(f"{file}: {error.strerror}; give the directory that Synthea exported its CSV files to")
        else:
            problems += [f"{file}: the column {name} is missing; export the file with its header" for name in missing]
    if problems:
        raise UnreadableExport(tuple(problems))


class Export:
    """The files of one export, and the rows that were rejected while they were read."""

    def __init__(self, directory: Path, on_progress: OnProgress | None) -> None:
        self.rejected: list[RejectedRow] = []
        self._directory = directory
        self._on_progress = on_progress

    def records(self, file: str, parse: Callable[[int, Row], Record | None]) -> Iterator[Record]:
        """What `parse` makes of each row of the file. It passes over a row with None, refuses one with `Unreadable`."""
        reject = partial(self.reject, file)
        for number, (line, row) in enumerate(rows(self._directory / file, COLUMNS[file], reject), start=1):
            if self._on_progress and number % ROWS_A_REPORT == 0:
                self._on_progress(file, number)
            try:
                record = parse(line, row)
            except Unreadable as unreadable:
                reject(line, str(unreadable))
            else:
                if record is not None:
                    yield record

    def reject(self, file: str, line: int, reason: str) -> None:
        """Leave a row out and say why."""
        self.rejected.append(RejectedRow(file=file, line=line, reason=reason))


def stays_among(encounters: Iterable[Encounter]) -> list[Stay]:
    """The stays that the encounters make up, in order of time, still without charges."""
    of_patient: defaultdict[UUID, list[Encounter]] = defaultdict(list)
    for encounter in encounters:
        if encounter.encounter_class in STAY_CLASSES:
            of_patient[encounter.patient_id].append(encounter)
    together = (stay for own in of_patient.values() for stay in timing.merged(own))
    return [Stay(encounters=stay, charges=()) for stay in sorted(together, key=lambda stay: timing.in_order(stay[0]))]


def alive(stays: Iterable[Stay], died_at: Mapping[UUID, datetime], export: Export) -> Iterator[Stay]:
    """The stays that begin before their patient's death; the rows of the others are rejected."""
    for stay in stays:
        if stay.started_at < died_at.get(stay.patient_id, LATEST):
            yield stay
            continue
        for encounter in stay.encounters:
            export.reject(ENCOUNTERS, encounter.line, "START after the patient's death: correct START or DEATHDATE")


def charged(stays: list[Stay], export: Export) -> tuple[Stay, ...]:
    """The same stays, each with its charges in order of time."""
    charges: dict[UUID, list[Charge]] = {stay.encounter_id: [] for stay in stays}
    by_encounter = {str(encounter_id): stay for stay in stays for encounter_id in stay.encounter_ids}
    for stay, charge in export.records(CLAIMS, ChargeRows(by_encounter)):
        charges[stay.encounter_id].append(charge)
    return tuple(
        Stay(encounters=stay.encounters, charges=tuple(sorted(charges[stay.encounter_id], key=timing.in_posting_order)))
        for stay in stays
    )


def deaths(patients: Iterable[Patient], stays: Iterable[Stay]) -> dict[UUID, datetime]:
    """The instant of death of each patient who died."""
    of_patient: defaultdict[UUID, list[Stay]] = defaultdict(list)
    for stay in stays:
        of_patient[stay.patient_id].append(stay)
    return {
        patient.patient_id: timing.death(patient.died_on, of_patient[patient.patient_id])
        for patient in patients
        if patient.died_on is not None
    }
