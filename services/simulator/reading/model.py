"""What a recording holds: patients, visits, stays with their charges, and the rows that could not be read.

Invariants: every instant is aware and UTC; a stay's encounters are one patient's, in order of start, and overlap; its
charges lie inside it; money is whole fen. Who died, and when, is decided once, in `Recording.deaths`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

VISIT_CLASSES = ("wellness", "ambulatory", "outpatient", "urgentcare", "virtual", "home")
STAY_CLASSES = ("inpatient", "emergency")
KNOWN_UNCOVERED_CLASSES = ("hospice", "snf")


class UnreadableExport(Exception):
    """The export as a whole cannot be read. `problems` names every missing file and column."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was left out. `line` is the physical line on which the row begins; the header is line 1."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A recorded patient. `sex` is F or M; both days are UTC days."""

    patient_id: UUID
    given_name: str
    family_name: str
    sex: str
    born_on: date
    died_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """One row of encounters.csv. `encounter_class` is one of `VISIT_CLASSES` or `STAY_CLASSES`.

    `code` and `reason_code` are SNOMED CT, `payer` is the insurer's name; the texts are the recording's own English.
    """

    encounter_id: UUID
    patient_id: UUID
    encounter_class: str
    started_at: datetime
    stopped_at: datetime
    code: str
    description: str
    reason_code: str
    reason: str
    payer: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One charge of a stay. `posted_at` lies inside the stay; `code` is SNOMED CT, RxNorm or CVX; 0 fen is a charge."""

    charge_id: UUID
    encounter_id: UUID
    posted_at: datetime
    code: str
    description: str
    amount_fen: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Inpatient and emergency encounters of one patient that overlap, as one stay. The first encounter names it."""

    encounters: tuple[Encounter, ...]
    charges: tuple[Charge, ...]

    @property
    def encounter_id(self) -> UUID:
        """The first encounter, which names the stay."""
        return self.encounters[0].encounter_id

    @property
    def encounter_ids(self) -> tuple[UUID, ...]:
        """Every encounter of the stay, in order of start."""
        return tuple(encounter.encounter_id for encounter in self.encounters)

    @property
    def patient_id(self) -> UUID:
        """Whose stay it is."""
        return self.encounters[0].patient_id

    @property
    def started_at(self) -> datetime:
        """The start of the first encounter."""
        return self.encounters[0].started_at

    @property
    def ended_at(self) -> datetime:
        """The latest end of its encounters."""
        return max(encounter.stopped_at for encounter in self.encounters)

    @property
    def amount_fen(self) -> int:
        """The sum of its charges."""
        return sum(charge.amount_fen for charge in self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Everything that an export says about the journey, in the order in which it happens.

    `patients` are in the order of the file; `visits`, `stays` and a stay's `charges` in order of time, then of row.
    `deaths` holds the instant of each patient who died. `not_covered` counts the encounters of other classes.
    """

    patients: tuple[Patient, ...]
    visits: tuple[Encounter, ...]
    stays: tuple[Stay, ...]
    deaths: Mapping[UUID, datetime]
    not_covered: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]

    def is_cancelled_by_death(self, visit: Encounter) -> bool:
        """Whether the visit would begin at or after the patient's death."""
        died_at = self.deaths.get(visit.patient_id)
        return died_at is not None and visit.started_at >= died_at

    def opens_plan(self, stay: Stay) -> bool:
        """Whether a follow-up plan opens when the stay ends: it does unless the patient is dead by then."""
        died_at = self.deaths.get(stay.patient_id)
        return died_at is None or stay.ended_at < died_at
