"""What is known of a planned stay's weight: from loaded tables, and from the stays that were settled.

A table is loaded once, with name, version and first day, and never changes. Of the weights of one grouper version, and
of the level-4 catalogues, the table in force on a day is the one with the latest first day that has come. CMI =
Σ(RW·n)/Σn of a department's settled stays; a stay without a known RW is counted and not weighted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.scoring.model import HOSPITAL_ZONE, CaseMix, Policy, day_of


class Kind(StrEnum):
    """What a table says of a code: the relative weight of a DRG, or that a procedure is of level 4 (四级手术)."""

    DRG_WEIGHTS = "drg-weights"
    LEVEL_4 = "level-4"


class RwSource(StrEnum):
    """Where a relative weight comes from."""

    TABLE = "table"
    REQUEST = "request"
    MEDIAN = "median"


class Reason(StrEnum):
    """Why a command was refused."""

    TABLE_EXISTS = "table-exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A code of a table. `weight` is the RW of a DRG, None where the table has the group and no weight for it."""

    code: str
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTable:
    """Keep a table. `version` is the grouper's, as requests name it, or the catalogue's own."""

    kind: Kind
    name: str
    version: str
    valid_from: date
    entries: Sequence[Entry]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that was loaded."""

    table_no: int
    kind: Kind
    name: str
    version: str
    valid_from: date
    codes: int
    loaded_at: datetime
    loaded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a request says of the planned stay."""

    drg: str | None
    drg_version: str | None
    rw: float | None
    procedure_code: str | None
    level4: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tables in force say of the codes that were asked about.

    `weights` by grouper version and DRG; `level4` is None where no catalogue is in force.
    """

    weights: Mapping[tuple[str, str], float] = field(default_factory=dict)
    level4: frozenset[str] | None = None

    def rw(self, plan: Plan) -> tuple[float | None, RwSource]:
        """The table's weight, else the request's own, else none: the median of the department stands in for it."""
        listed = self.weights.get((plan.drg_version or "", plan.drg or ""))
        if listed is not None:
            return listed, RwSource.TABLE
        return plan.rw, RwSource.MEDIAN if plan.rw is None else RwSource.REQUEST

    def is_level4(self, plan: Plan) -> bool:
        """What the catalogue says of the planned procedure, else what the request says."""
        if self.level4 is None or plan.procedure_code is None:
            return plan.level4
        return plan.procedure_code in self.level4


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledCase:
    """A stay that was settled, with the RW that was in force then; of no department until its request is known."""

    stay_id: UUID
    specialty: str | None = None
    rw: float | None = None
    rw_source: RwSource | None = None
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentMix:
    """A department's settled stays in the days before `as_of`; `weighted` of the `stays` have an RW."""

    as_of: date
    specialty: str
    stays: int
    weighted: int
    rw_sum: float
    median_rw: float | None

    @property
    def cmi(self) -> float | None:
        """Σ(RW·n)/Σn; None where no stay has an RW."""
        return self.rw_sum / self.weighted if self.weighted else None


def in_use(departments: Sequence[DepartmentMix], policy: Policy) -> CaseMix:
    """What of it the score takes: departments, and a hospital, with enough weighted stays."""
    enough = [one for one in departments if one.weighted >= policy.case_mix_stays]
    stays, rw_sum = sum(one.weighted for one in departments), sum(one.rw_sum for one in departments)
    return CaseMix(
        hospital_cmi=rw_sum / stays if stays >= policy.case_mix_stays else None,
        cmi={one.specialty: one.cmi for one in enough if one.cmi is not None},
        median_rw={one.specialty: one.median_rw for one in enough if one.median_rw is not None},
    )


def midnight(day: date) -> datetime:
    """When a day of the hospital begins."""
    return datetime(day.year, day.month, day.day, tzinfo=HOSPITAL_ZONE)


def next_midnight(at: datetime) -> datetime:
    """When the next day of the hospital begins."""
    return midnight(day_of(at) + timedelta(days=1))
