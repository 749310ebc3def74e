"""What can be asked of referrals: one function a use case. Load, decide, save, publish; the edge commits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.beds.referrals import answers, model, store
from services.beds.referrals.model import (
    Accept,
    Answer,
    AskPartner,
    AskUs,
    Direction,
    ImportReport,
    Partner,
    PartnerLine,
    Phase,
    Reason,
    Referral,
    Refuse,
)
from services.beds.scoring.table_file import RejectedLine
from services.beds.stays import handlers as stays
from services.beds.stays import model as stays_model
from shared.decision import Refused
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work

EXISTS = Refused(reason=Reason.REFERRAL_EXISTS, remedy="read the referral that has this id or reference")
NOT_ADMITTED = Refused(reason=Reason.NOT_ADMITTED, remedy="refer patients who lie in a bed")
BY_SYSTEM = "system"


async def import_partners(lines: Sequence[PartnerLine], rejected: Sequence[RejectedLine], work: Work) -> ImportReport:
    """Take the good lines; a partner that is known is written over."""
    added = await store.write_partners(work, [line.partner for line in lines])
    return ImportReport(imported=len(lines), added=added, rejected_rows=tuple(rejected))


async def partners(work: Work) -> list[Partner]:
    """All partners."""
    return await store.partners(work)


async def ask_us(command: AskUs, work: Work) -> Referral | Refused:
    """A partner asks us to take a patient."""
    asked = model.asked(command, await store.partner(work, command.partner_id), work.now)
    if isinstance(asked, Refused):
        return asked
    return asked if await store.add(work, asked) else EXISTS


async def ask_partner(command: AskPartner, work: Work) -> Referral | Refused:
    """We ask a community hospital to take a patient who lies here."""
    stay = await stays.stay(command.stay_id, work)
    if stay.phase is not stays_model.Phase.ADMITTED:
        return NOT_ADMITTED
    partner = await store.partner(work, command.partner_id)
    decision = model.sent(command, partner, stay.patient_id, work.now)
    if isinstance(decision, Refused):
        return decision
    referral, sent = decision
    if not await store.add(work, referral):
        return EXISTS
    work.publish(sent)
    return referral


async def accept(command: Accept, work: Work) -> Referral | Refused:
    """We take a partner's patient; registration writes the admission request."""
    referral = await store.referral(work, command.referral_id, lock=True)
    return await _keep(answers.accept(referral, command, work.now), work)


async def refuse(command: Refuse, work: Work) -> Referral | Refused:
    """We do not take a partner's patient, and say who else might."""
    if command.alternative_partner_id is not None:
        await store.partner(work, command.alternative_partner_id)
    referral = await store.referral(work, command.referral_id, lock=True)
    return await _keep(answers.refuse(referral, command, work.now), work)


async def answer(command: Answer, work: Work) -> Referral | Refused:
    """A community hospital accepts or refuses."""
    referral = await store.referral(work, command.referral_id, lock=True)
    return await _keep(answers.answer(referral, command, work.now), work)


async def cancel(referral_id: UUID, direction: Direction, by: str, work: Work) -> Referral | Refused:
    """Whoever asked asks no more."""
    referral = await store.referral(work, referral_id, lock=True)
    refused = model.check_open(referral, direction)
    return refused or await _keep(answers.cancel(referral, by, work.now), work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Nobody is asked about a patient who has died."""
    for referral in await store.open_of_patient(work, event.patient_id):
        await _keep(answers.cancel(referral, BY_SYSTEM, work.now), work)


async def referral(referral_id: UUID, work: Work) -> Referral:
    """One referral; `Missing` when there is none."""
    return await store.referral(work, referral_id)


async def referrals(
    direction: Direction | None, phase: Phase | None, partner_id: str | None, limit: int, work: Work
) -> list[Referral]:
    """Referrals, or those of a direction, phase or partner, the first due first."""
    return await store.referrals(work, direction, phase, partner_id, limit)


async def _keep(decision: tuple[Referral, Any] | Refused, work: Work) -> Referral | Refused:
    if isinstance(decision, Refused):
        return decision
    changed, said = decision
    await store.save(work, changed)
    if said is not None:
        work.publish(said)
    return changed
