"""A patient's consent that somebody else books for them (代办).

Invariant: of one patient and proxy at most one consent is good at a time; one that was withdrawn stays on record. Both
are persons of the register: a name is nowhere else. FHIR Consent.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.decision import Refused


class Relation(StrEnum):
    """Who the proxy is to the patient. After HL7 RoleCode; a care worker is a 护工, a village doctor a 村医."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    OTHER_RELATIVE = "other-relative"
    GUARDIAN = "guardian"
    CARE_WORKER = "care-worker"
    VILLAGE_DOCTOR = "village-doctor"
    OTHER = "other"


class Evidence(StrEnum):
    """What the consent rests on."""

    SIGNED_FORM = "signed-form"
    RECORDED_CALL = "recorded-call"
    APP_CONFIRMATION = "app-confirmation"
    HOUSEHOLD_REGISTER = "household-register"
    GUARDIANSHIP_DEED = "guardianship-deed"


class Reason(StrEnum):
    """Why a command was refused."""

    CONSENT_EXISTS = "consent-exists"
    OWN_PROXY = "own-proxy"
    ALREADY_WITHDRAWN = "already-withdrawn"


REMEDIES = {
    Reason.CONSENT_EXISTS: "use the consent that there is, or a new consent_id",
    Reason.OWN_PROXY: "leave the proxy out where patients book for themselves",
    Reason.ALREADY_WITHDRAWN: "record a new consent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveConsent:
    """The patient lets the proxy book."""

    consent_id: UUID
    patient_id: UUID
    proxy_id: UUID
    relation: Relation
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent and whether it is still good."""

    consent_id: UUID
    patient_id: UUID
    proxy_id: UUID
    relation: Relation
    evidence: Evidence
    granted_at: datetime
    withdrawn_at: datetime | None


def no(reason: Reason) -> Refused:
    """The refusal with its remedy."""
    return Refused(reason=reason, remedy=REMEDIES[reason])


def give(command: GiveConsent, now: datetime) -> Consent | Refused:
    """A new consent."""
    if command.patient_id == command.proxy_id:
        return no(Reason.OWN_PROXY)
    return Consent(
        consent_id=command.consent_id,
        patient_id=command.patient_id,
        proxy_id=command.proxy_id,
        relation=command.relation,
        evidence=command.evidence,
        granted_at=now,
        withdrawn_at=None,
    )


def withdraw(consent: Consent, now: datetime) -> Consent | Refused:
    """The proxy books no more; what is booked stays."""
    return no(Reason.ALREADY_WITHDRAWN) if consent.withdrawn_at else replace(consent, withdrawn_at=now)
