"""What is kept about the centre: message ids, raw calls, and visits. One function a use case; the edge commits."""

from dataclasses import replace
from uuid import UUID

from services.discharge.insurance import model, store
from services.discharge.insurance.model import Institution, Visit
from shared.clock import wall_now
from shared.work import Stale, Work


async def msgids(institution: Institution, count: int, work: Work) -> list[str]:
    """So many message ids that were never used. An id that is asked with is stored before it is sent."""
    wall = wall_now()
    return [model.msgid(institution, wall, number) for number in await store.numbers(work, count)]


async def keep_request(msgid: str, infno: str, request: bytes, work: Work) -> None:
    """Keep a request before it is sent."""
    await store.add_call(work, msgid, infno, request, wall_now())


async def keep_answer(msgid: str, answer: bytes | None, outcome: str, work: Work) -> None:
    """Keep what came back."""
    await store.answer_call(work, msgid, answer, outcome, wall_now())


async def visit(stay_id: UUID, work: Work) -> Visit | None:
    """The stay as the centre knows it; None when it was never told."""
    return await store.visit(work, stay_id)


async def begin_visit(visit: Visit, work: Work) -> None:
    """Note that 2401 is about to be sent. Raises `Stale` when somebody else is at it."""
    if await store.add_visit(work, visit):
        raise Stale("visit", visit.stay_id)


async def admitted(visit: Visit, mdtrt_id: str, work: Work) -> Visit:
    """The centre has answered 2401."""
    known = replace(visit, mdtrt_id=mdtrt_id)
    await store.save_visit(work, known, visit.admission_msgid)
    return known


async def uploaded(visit: Visit, lines: int, work: Work) -> Visit:
    """The first `lines` fee lines are known at the centre."""
    known = replace(visit, uploaded=lines)
    await store.save_visit(work, known, visit.admission_msgid)
    return known


async def forget_visit(visit: Visit, work: Work) -> None:
    """The centre has no such visit: 2401 was refused, or reversed."""
    await store.remove_visit(work, visit)
