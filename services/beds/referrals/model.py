"""The rules of referrals: who may ask whom, what an answer says, and that there is one answer.

Values in, the next state and its event out. An incoming referral that is accepted becomes an admission request of class
transfer under the same id; who the patient is, the partner's gateway has told registration before.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.beds.scoring.model import Isolation, day_of
from services.beds.scoring.table_file import RejectedLine
from shared.decision import Refused
from shared.messages.beds.referrals import ReferralOutSent

ANSWER_IN = timedelta(hours=48)
"""How long a partner waits for our answer: as long as a transfer may wait for its bed (bed-rules §3)."""

ANSWER_OUT = timedelta(hours=24)
"""How long a community hospital may take to answer [P]."""


class Direction(StrEnum):
    """Which way the patient goes."""

    IN = "in"
    OUT = "out"


class Kind(StrEnum):
    """What a partner is."""

    HOSPITAL = "hospital"
    COMMUNITY = "community"


class Phase(StrEnum):
    """Where a referral is."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class RefusalReason(StrEnum):
    """Why a patient is not taken."""

    NO_BED = "no-bed"
    NO_SPECIALTY = "no-specialty"
    MATERIALS_MISSING = "materials-missing"
    NOT_INDICATED = "not-indicated"
    TOO_ILL = "too-ill"


class Reason(StrEnum):
    """Why a command was refused."""

    REFERRAL_EXISTS = "referral-exists"
    ANSWERED = "referral-answered"
    PARTNER_KIND = "partner-kind"
    PARTNER_INACTIVE = "partner-inactive"
    DAY_PASSED = "day-passed"
    NOT_ADMITTED = "not-admitted"
    DIRECTION = "other-direction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A hospital of the network. `active`: it takes part now."""

    partner_id: str
    name: str
    kind: Kind
    specialties: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerLine:
    """One good line of a partner file."""

    line: int
    partner: Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: partners written, how many of them are new, and everything wrong with the other lines."""

    imported: int
    added: int
    rejected_rows: tuple[RejectedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the patient needs, as the sender says it. `materials` are references to letters and reports."""

    specialty: str
    diagnosis_code: str | None
    procedure_code: str | None = None
    needs: tuple[str, ...] = ()
    isolation: Isolation = Isolation.NONE
    expected_days: int = 1
    immediate: bool = False
    materials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUs:
    """A partner asks us to take a patient. `referral_id` is the partner gateway's, so that a repeat is the same."""

    referral_id: UUID
    patient_id: UUID
    partner_id: str
    partner_reference: str
    campus_id: str
    need: Need


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPartner:
    """We ask a community hospital to take a patient who lies here, with a rehabilitation plan."""

    referral_id: UUID
    stay_id: UUID
    partner_id: str
    specialty: str
    diagnosis_code: str | None
    rehabilitation_codes: tuple[str, ...]
    plan_reference: str
    wanted_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """We take the patient: for which day, and what the score needs to know."""

    referral_id: UUID
    admit_on: date
    by: str
    department_cmi: float
    reachable_campuses: tuple[str, ...] = ()
    drg: str | None = None
    drg_version: str | None = None
    rw: float | None = None
    level4: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """We do not take the patient; who else might."""

    referral_id: UUID
    reason: RefusalReason
    by: str
    alternative_partner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A community hospital's answer: the day from which it has a bed, or a reason."""

    referral_id: UUID
    bed_on: date | None
    reason: RefusalReason | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral in its latest version. `bed_on`: the day that was promised. `due_at`: when an answer is due."""

    referral_id: UUID
    direction: Direction
    patient_id: UUID
    stay_id: UUID | None
    partner_id: str
    reference: str
    campus_id: str | None
    need: Need
    codes: tuple[str, ...] = ()
    wanted_on: date | None = None
    phase: Phase
    sent_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
    bed_on: date | None = None
    reason: RefusalReason | None = None
    alternative_partner_id: str | None = None
    version: int


def check_partner(partner: Partner, kind: Kind) -> Refused | None:
    """Patients come from hospitals and go to the community, and only while the partner takes part."""
    if partner.kind is not kind:
        return Refused(reason=Reason.PARTNER_KIND, remedy=f"name a partner that is a {kind}")
    if not partner.active:
        return Refused(reason=Reason.PARTNER_INACTIVE, remedy="name a partner that takes part, or import it as active")
    return None


def asked(command: AskUs, partner: Partner, now: datetime) -> Referral | Refused:
    """A partner's request."""
    return check_partner(partner, Kind.HOSPITAL) or Referral(
        referral_id=command.referral_id,
        direction=Direction.IN,
        patient_id=command.patient_id,
        stay_id=None,
        partner_id=command.partner_id,
        reference=command.partner_reference,
        campus_id=command.campus_id,
        need=command.need,
        phase=Phase.SENT,
        sent_at=now,
        due_at=now + ANSWER_IN,
        version=1,
    )


def sent(
    command: AskPartner, partner: Partner, patient_id: UUID, now: datetime
) -> tuple[Referral, ReferralOutSent] | Refused:
    """A request of ours."""
    if refused := check_partner(partner, Kind.COMMUNITY) or check_day(command.wanted_on, now):
        return refused
    referral = Referral(
        referral_id=command.referral_id,
        direction=Direction.OUT,
        patient_id=patient_id,
        stay_id=command.stay_id,
        partner_id=command.partner_id,
        reference=command.plan_reference,
        campus_id=None,
        need=Need(specialty=command.specialty, diagnosis_code=command.diagnosis_code),
        codes=command.rehabilitation_codes,
        wanted_on=command.wanted_on,
        phase=Phase.SENT,
        sent_at=now,
        due_at=now + ANSWER_OUT,
        version=1,
    )
    return referral, ReferralOutSent(
        referral_id=referral.referral_id,
        patient_id=patient_id,
        stay_id=command.stay_id,
        partner_id=command.partner_id,
        diagnosis_code=command.diagnosis_code,
        rehabilitation_codes=command.rehabilitation_codes,
        plan_reference=command.plan_reference,
        wanted_on=command.wanted_on,
        answer_due_at=referral.due_at,
        aggregate_version=referral.version,
    )


def check_open(referral: Referral, direction: Direction) -> Refused | None:
    """A referral is answered once, by whom it was sent to."""
    if referral.direction is not direction:
        return Refused(reason=Reason.DIRECTION, remedy=f"this referral goes {referral.direction}")
    if referral.phase is not Phase.SENT:
        return Refused(reason=Reason.ANSWERED, remedy=f"nothing to do: it is {referral.phase}")
    return None


def check_day(on: date, now: datetime) -> Refused | None:
    """Nothing is promised for a day that is over."""
    if on < day_of(now):
        return Refused(reason=Reason.DAY_PASSED, remedy="give today or a later day")
    return None
