"""Answers to referrals: each is the next version and its event. A referral that is answered stays so."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.beds.referrals.model import (
    Accept,
    Answer,
    Direction,
    Phase,
    Referral,
    Refuse,
    check_day,
    check_open,
)
from shared.decision import Refused
from shared.messages.beds.referrals import (
    ReferralAccepted,
    ReferralOutAnswered,
    ReferralOutCancelled,
    ReferralRefused,
)


def accept(referral: Referral, command: Accept, now: datetime) -> tuple[Referral, ReferralAccepted] | Refused:
    """We take a partner's patient."""
    if refused := check_open(referral, Direction.IN) or check_day(command.admit_on, now):
        return refused
    taken = _answered(referral, Phase.ACCEPTED, now, command.by, bed_on=command.admit_on)
    need = referral.need
    return taken, ReferralAccepted(
        referral_id=referral.referral_id,
        patient_id=referral.patient_id,
        partner_id=referral.partner_id,
        specialty=need.specialty,
        campus_id=referral.campus_id or "",
        reachable_campuses=command.reachable_campuses,
        immediate=need.immediate,
        diagnosis_code=need.diagnosis_code,
        procedure_code=need.procedure_code,
        drg=command.drg,
        drg_version=command.drg_version,
        rw=command.rw,
        level4=command.level4,
        department_cmi=command.department_cmi,
        needs=need.needs,
        isolation=need.isolation,
        expected_days=need.expected_days,
        admit_on=command.admit_on,
        aggregate_version=taken.version,
    )


def refuse(referral: Referral, command: Refuse, now: datetime) -> tuple[Referral, ReferralRefused] | Refused:
    """We do not take a partner's patient."""
    if refused := check_open(referral, Direction.IN):
        return refused
    turned_down = _answered(
        referral,
        Phase.REFUSED,
        now,
        command.by,
        reason=command.reason,
        alternative_partner_id=command.alternative_partner_id,
    )
    return turned_down, ReferralRefused(
        referral_id=referral.referral_id,
        patient_id=referral.patient_id,
        partner_id=referral.partner_id,
        reason=command.reason,
        alternative_partner_id=command.alternative_partner_id,
        aggregate_version=turned_down.version,
    )


def answer(referral: Referral, command: Answer, now: datetime) -> tuple[Referral, ReferralOutAnswered] | Refused:
    """A community hospital has answered: with a day it accepts, with a reason it refuses."""
    if refused := check_open(referral, Direction.OUT) or (command.bed_on and check_day(command.bed_on, now)):
        return refused
    phase = Phase.REFUSED if command.bed_on is None else Phase.ACCEPTED
    answered = _answered(referral, phase, now, command.by, bed_on=command.bed_on, reason=command.reason)
    if referral.stay_id is None:
        raise ValueError("a referral that goes out is of a stay")
    return answered, ReferralOutAnswered(
        referral_id=referral.referral_id,
        patient_id=referral.patient_id,
        stay_id=referral.stay_id,
        partner_id=referral.partner_id,
        accepted=phase is Phase.ACCEPTED,
        bed_on=command.bed_on,
        reason=command.reason,
        aggregate_version=answered.version,
    )


def cancel(referral: Referral, by: str, now: datetime) -> tuple[Referral, ReferralOutCancelled | None] | Refused:
    """Whoever asked asks no more; a partner that was asked is told."""
    if refused := check_open(referral, referral.direction):
        return refused
    cancelled = _answered(referral, Phase.CANCELLED, now, by)
    if referral.direction is Direction.IN:
        return cancelled, None
    return cancelled, ReferralOutCancelled(
        referral_id=referral.referral_id,
        patient_id=referral.patient_id,
        partner_id=referral.partner_id,
        aggregate_version=cancelled.version,
    )


def _answered(referral: Referral, phase: Phase, now: datetime, by: str, **said: Any) -> Referral:  # noqa: ANN401 - the fields of a referral
    return replace(referral, phase=phase, answered_at=now, answered_by=by, version=referral.version + 1, **said)
