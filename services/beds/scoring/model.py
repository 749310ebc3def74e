"""The values that a score is made of: who waits, which bed stands free, and the policy in force.

Invariant: nothing in here holds a name or a contact, and a value that could not be scored cannot be made:
`Unscorable` names the field and the remedy. The rules over these values are `hard_rules` and `points`.
Patients and beds have no slots: thousands of them go to the optimiser's process each round, and a frozen class
with slots is unpickled ten times slower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

HOSPITAL_ZONE = ZoneInfo("Asia/Shanghai")
"""Days begin and end in this zone."""

DAY_SURGERY = "day-surgery"
TRIAGE_LEVELS = (1, 2, 3, 4)
LARGEST = 1_000_000


def day_of(at: datetime) -> date:
    """The hospital's day in which an instant lies."""
    return at.astimezone(HOSPITAL_ZONE).date()


class Unscorable(ValueError):
    """A value no score can be made from. `field` is its name, `remedy` what to give instead."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field = field
        self.remedy = remedy


class Sex(StrEnum):
    """Administrative sex, HL7 table 0001. Whose sex is unknown fits no single-sex room without an override."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class AdmissionClass(StrEnum):
    """How the admission was asked for. A, B, C: elective within 30, 90, 365 days (Australian categories)."""

    A = "A"
    B = "B"
    C = "C"
    DAY = "day"
    TRANSFER = "transfer"
    EMERGENCY = "emergency"


class Urgency(StrEnum):
    """What decides weight and longest wait: the triage level if there is one, else the class."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    TRANSFER = "transfer"
    A = "A"
    B = "B"
    C = "C"
    DAY = "day"


URGENCY_OF_TRIAGE = (Urgency.L1, Urgency.L2, Urgency.L3, Urgency.L4)
URGENCY_OF_CLASS: dict[AdmissionClass, Urgency] = {
    one: Urgency(one) for one in AdmissionClass if one is not AdmissionClass.EMERGENCY
}


class BedStatus(StrEnum):
    """HL7 table 0116, and R, ours, because the table has no code for reserved."""

    CLOSED = "C"
    HOUSEKEEPING = "H"
    OCCUPIED = "O"
    UNOCCUPIED = "U"
    CONTAMINATED = "K"
    ISOLATED = "I"
    RESERVED = "R"


class SexPolicy(StrEnum):
    """Whether a room takes one sex at a time."""

    SINGLE = "single"
    MIXED = "mixed"


class AgeGroup(StrEnum):
    """Whom a room is for."""

    ADULT = "adult"
    PAEDIATRIC = "paediatric"
    ANY = "any"


class Isolation(StrEnum):
    """The precautions a patient needs, and the ones a room is for: they are equal or the pair is forbidden."""

    NONE = "none"
    CONTACT = "contact"
    DROPLET = "droplet"
    AIRBORNE = "airborne"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A patient's request for a bed at the instant of the round. `rw` None = the DRG weight is not known yet."""

    request_id: str
    specialty: str
    campus: str
    reachable: frozenset[str] = frozenset()
    sex: Sex
    age_years: float
    triage: int | None = None
    admission_class: AdmissionClass
    waited_hours: float
    rw: float | None = None
    level4: bool = False
    department_cmi: float
    social_points: float = 0.0
    needs: frozenset[str] = frozenset()
    isolation: Isolation = Isolation.NONE
    expected_days: float
    immediate: bool = False
    wanted_ward: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be scored."""
        if self.triage is not None and self.triage not in TRIAGE_LEVELS:
            raise Unscorable("triage", "give 1, 2, 3 or 4, or leave it empty")
        if self.triage is None and self.admission_class is AdmissionClass.EMERGENCY:
            raise Unscorable("triage", "an emergency needs a triage level from 1 to 4")
        for name in ("age_years", "waited_hours", "department_cmi", "expected_days"):
            require_amount(name, getattr(self, name))
        if self.rw is not None:
            require_amount("rw", self.rw)
        if not 0 <= self.social_points <= 1:
            raise Unscorable("social_points", "give a number from 0 to 1")

    @property
    def urgency(self) -> Urgency:
        """The key into the policy's tables."""
        return URGENCY_OF_CLASS[self.admission_class] if self.triage is None else URGENCY_OF_TRIAGE[self.triage - 1]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One bed, with the traits of its room and ward. `stay_band` = the days the ward is for, both included.

    `overflow` lists the other specialties the ward takes, best first. `room_sex` is the sex of those who lie or
    are expected in the room, None when it is empty. `free_in_hours` above 0: somebody still lies there, or it is being
    cleaned; it counts as unoccupied from then on. A bed `for_resuscitation` is held for tier 0.
    """

    bed_id: str
    campus: str
    ward: str
    specialty: str
    overflow: tuple[str, ...] = ()
    room_id: str
    status: BedStatus
    sex_policy: SexPolicy
    room_sex: Sex | None = None
    attributes: frozenset[str] = frozenset()
    age_group: AgeGroup
    isolation: Isolation = Isolation.NONE
    stay_band: tuple[int, int] | None = None
    free_in_hours: float = 0.0
    for_resuscitation: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be scored."""
        if self.stay_band is not None and not 0 <= self.stay_band[0] <= self.stay_band[1]:
            raise Unscorable("stay_band", "give first and last day, the first not after the last, such as 1-3")
        require_amount("free_in_hours", self.free_in_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMix:
    """What the settled stays of the last year tell of each specialty: its CMI, and the median RW of its stays.

    A specialty with too few of them is missing, and so is the hospital's CMI (None).
    """

    hospital_cmi: float | None = None
    cmi: Mapping[str, float] = field(default_factory=dict)
    median_rw: Mapping[str, float] = field(default_factory=dict)


NO_CASE_MIX = CaseMix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each term counts for. `fit` scales the terms of the bed against the six of the patient.

    `delay` is what a bed costs that is free only at the end of the horizon; it is not scaled.
    """

    u: float
    a: float
    rw: float
    l4: float
    cmi: float
    s: float
    fit: float
    spec: float
    campus: float
    equip: float
    los: float
    flex: float
    wish: float
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every number of the score, in one dated version. Waits are in hours; the keys cover every `Urgency`.

    `home` and `overflow` are the values of the specialty term: the ward's own, then the first, second … place in
    the overflow chain, the last one for all further places. `hospital_cmi` None = of the settled stays, else the mean
    of those who wait. `keep_bonus`: points that a new proposal has to be better by than the one it replaces.
    A morning round begins at `morning_hour` by the hospital's clock and counts on beds that are free within
    `horizon_hours`, `turnover_hours` after their patient leaves.
    A specialty's CMI counts from `case_mix_stays` settled stays in `case_mix_days` on.
    """

    version: str
    valid_from: date
    weights: Weights
    urgency: Mapping[Urgency, float]
    longest_wait_hours: Mapping[Urgency, float]
    overdue_factor: float
    rw_floor: float
    rw_span: float
    cmi_offset: float
    hospital_cmi: float | None
    home: float
    overflow: tuple[float, ...]
    scarce: frozenset[str]
    paediatric_below: float
    keep_bonus: float
    horizon_hours: float
    turnover_hours: float
    morning_hour: int
    case_mix_days: int
    case_mix_stays: int


@dataclass(frozen=True, slots=True)
class Policies:
    """All versions that a hospital has, side by side; of two that are valid from one day the later one counts."""

    versions: tuple[Policy, ...]

    def at(self, now: datetime) -> Policy:
        """The version in force at an instant, by the hospital's calendar; before the first one, the first."""
        today = day_of(now)
        ordered = sorted(self.versions, key=lambda policy: policy.valid_from)
        return next((policy for policy in reversed(ordered) if policy.valid_from <= today), ordered[0])


def require_amount(field: str, amount: float) -> None:
    """Raise `Unscorable` unless the amount is a number from 0 to `LARGEST` (in hours: 114 years)."""
    if not 0 <= amount <= LARGEST:
        raise Unscorable(field, f"give a number from 0 to {LARGEST}")
