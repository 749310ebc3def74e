"""What can be asked of mutual recognition: one function a use case. Load, decide, save; the edge commits."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from services.registration.examcatalogue import handlers as catalogue
from services.registration.examcatalogue.model import day_starts
from services.registration.recognition import model, store
from services.registration.recognition.model import (
    Decide,
    Decision,
    ExamResult,
    Figures,
    Partner,
    Recognised,
)
from shared.decision import Refused
from shared.work import Work


async def put_partner(partner: Partner, work: Work) -> Partner:
    """A partner's results count, or no longer; what was decided before stays."""
    await store.put_partner(work, partner)
    return partner


async def partners(work: Work) -> list[Partner]:
    """All partners, by id."""
    return await store.partners(work)


async def receive_result(result: ExamResult, work: Work) -> ExamResult | Refused:
    """Take a partner's result in."""
    decision = model.received(result, work.now)
    if isinstance(decision, Refused):
        return decision
    if reason := await store.add_result(work, decision):
        return model.no(reason)
    return decision


async def recognised(patient_id: UUID, item_codes: Collection[str], work: Work) -> list[Recognised]:
    """The patient's results of these items that may be used now."""
    items = await catalogue.items_by_code(item_codes, work)
    days = {code: item.recognition_days for code, item in items.items()}
    return model.recognised(await store.latest(work, patient_id, items), days, work.now)


async def decide(command: Decide, patient_id: UUID, work: Work) -> Decision | Refused:
    """Use a recognised result of the patient, or do the exam again."""
    shown = await recognised(patient_id, [command.item_code], work)
    decision = model.decide(command, shown, work.now)
    if isinstance(decision, Refused):
        return decision
    if reason := await store.add_decision(work, decision):
        return model.no(reason)
    return decision


async def decisions(order_id: UUID, work: Work) -> list[Decision]:
    """What was decided for an order, by item."""
    return await store.decisions(work, order_id)


async def withdraw(order_id: UUID, work: Work) -> None:
    """The order is cancelled: no exam was avoided by it, and none done in spite of a result."""
    await store.withdraw(work, order_id)


async def figures(month: date, work: Work) -> Figures:
    """What was decided in the month of a day, on the hospital's calendar."""
    zone = await catalogue.zone(work)
    first = month.replace(day=1)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return await store.figures(work, day_starts(zone, first), day_starts(zone, after))
