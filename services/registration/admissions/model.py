"""The rules of an admission request (入院证).

It is written once, for a patient who lives, and covers one or more encounters; its id stays the id of the stay that
follows. What it asks for is told to beds; which encounters it
covers, and which exams are to be done before (BED-7), stays here.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.registration.patients.model import Patient, age_years
from shared.decision import Refused
from shared.messages.beds.referrals import ReferralAccepted
from shared.messages.registration.admissions import AdmissionRequested

OF_A_REFERRAL = (
    *("specialty", "campus_id", "reachable_campuses", "immediate", "diagnosis_code", "procedure_code", "drg"),
    *("drg_version", "rw", "level4", "department_cmi", "needs", "expected_days"),
)
"""What an accepted referral says as an admission request does."""


class Source(StrEnum):
    """Where the request was written."""

    CLINIC = "clinic"
    EMERGENCY = "emergency"
    REFERRAL = "referral"
    DAY_SURGERY = "day-surgery"


class AdmissionClass(StrEnum):
    """How soon: elective within 30, 90, 365 days (A, B, C), or by its own rule."""

    A = "A"
    B = "B"
    C = "C"
    DAY = "day"
    TRANSFER = "transfer"
    EMERGENCY = "emergency"


class Isolation(StrEnum):
    """The precautions the patient needs."""

    NONE = "none"
    CONTACT = "contact"
    DROPLET = "droplet"
    AIRBORNE = "airborne"


class Reason(StrEnum):
    """Why a command was refused."""

    REQUEST_EXISTS = "admission-request-exists"
    ENCOUNTER_COVERED = "encounter-covered"
    ENCOUNTER_TWICE = "encounter-twice"
    TRIAGE_MISSING = "triage-missing"
    DRG_VERSION_MISSING = "drg-version-missing"
    EXAM_TWICE = "exam-twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredEncounter:
    """Another system's encounter that belongs to the stay."""

    encounter_id: str
    encounter_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What kind of bed the patient needs, and how urgently. `rw` is None where the DRG is not known yet."""

    source: Source
    specialty: str
    campus_id: str
    reachable_campuses: tuple[str, ...]
    triage: int | None
    admission_class: AdmissionClass
    immediate: bool
    diagnosis_code: str | None
    procedure_code: str | None
    drg: str | None
    drg_version: str | None
    rw: float | None
    level4: bool
    department_cmi: float
    social_points: float
    needs: tuple[str, ...]
    isolation: Isolation
    expected_days: int
    wanted_ward_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAdmission:
    """Write an admission request. `request_id` is chosen by the client, so that a repeat is the same request."""

    request_id: UUID
    patient_id: UUID
    need: Need
    encounters: tuple[CoveredEncounter, ...]
    exams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequest:
    """An admission request as it was written. `exams` are item codes, to be done before admission (BED-7)."""

    request_id: UUID
    patient_id: UUID
    need: Need
    encounters: tuple[CoveredEncounter, ...]
    exams: tuple[str, ...]
    requested_at: datetime


def request(
    command: RequestAdmission, patient: Patient, now: datetime
) -> tuple[AdmissionRequest, AdmissionRequested] | Refused:
    """Write the request; what is said of the patient comes from the register."""
    if len({one.encounter_id for one in command.encounters}) < len(command.encounters):
        return Refused(reason=Reason.ENCOUNTER_TWICE, remedy="name each encounter once")
    if len(set(command.exams)) < len(command.exams):
        return Refused(reason=Reason.EXAM_TWICE, remedy="name each exam once")
    if command.need.admission_class is AdmissionClass.EMERGENCY and command.need.triage is None:
        return Refused(reason=Reason.TRIAGE_MISSING, remedy="give triage 1 to 4 for an emergency")
    if (command.need.drg is None) != (command.need.drg_version is None):
        return Refused(reason=Reason.DRG_VERSION_MISSING, remedy="give drg and drg_version together, or neither")
    written = AdmissionRequest(
        request_id=command.request_id,
        patient_id=command.patient_id,
        need=command.need,
        encounters=command.encounters,
        exams=command.exams,
        requested_at=now,
    )
    needed: dict[str, Any] = asdict(command.need)
    return written, AdmissionRequested(
        request_id=command.request_id,
        patient_id=command.patient_id,
        sex=patient.sex,
        age_years=age_years(patient.born_on, now.date()),
        requested_at=now,
        aggregate_version=1,
        **needed,
    )


def of_referral(event: ReferralAccepted) -> RequestAdmission:
    """The request that an accepted referral asks for: a transfer, covering the partner's encounter."""
    return RequestAdmission(
        request_id=event.referral_id,
        patient_id=event.patient_id,
        need=Need(
            source=Source.REFERRAL,
            triage=None,
            admission_class=AdmissionClass.TRANSFER,
            social_points=0.0,
            isolation=Isolation(event.isolation),
            **{name: getattr(event, name) for name in OF_A_REFERRAL},
        ),
        encounters=(CoveredEncounter(encounter_id=f"referral/{event.referral_id}", encounter_class="inpatient"),),
    )
