"""The desk that talks to the centre: makes a stay and its fee lines known there, each once.

Each call stands between two transactions: what is about to be asked is stored before, what was answered after. An
admission (2401) without an answer is reversed (2601) before another is sent.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.discharge.insurance import handlers
from services.discharge.insurance.model import Admission, FeeLine, Institution, Visit
from services.discharge.insurance.port import Centre, Declined, Unreachable
from shared.database import Database

LINES_A_CALL = 100


@dataclass(frozen=True, slots=True)
class CallArchive:
    """Keeps raw requests and answers in the database, each in a transaction of its own."""

    database: Database

    async def asked(self, msgid: str, infno: str, request: bytes) -> None:
        """Keep a request that is about to be sent."""
        async with self.database.work() as work:
            await handlers.keep_request(msgid, infno, request, work)

    async def answered(self, msgid: str, answer: bytes | None, outcome: str) -> None:
        """Keep what came back, and how it was understood."""
        async with self.database.work() as work:
            await handlers.keep_answer(msgid, answer, outcome, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreDesk:
    """The centre, and what we are to it."""

    database: Database
    centre: Centre
    institution: Institution

    async def msgid(self) -> str:
        """A fresh message id."""
        return (await self.msgids(1))[0]

    async def msgids(self, count: int) -> list[str]:
        """So many fresh message ids."""
        return list(await self._run(handlers.msgids, self.institution, count))

    async def visit(self, admission: Admission) -> Visit:
        """The stay as the centre knows it; told now if it was not. Raises `CentreTrouble`, or `Stale` in a race."""
        visit: Visit | None = await self._run(handlers.visit, admission.stay_id)
        if visit is not None and visit.mdtrt_id is not None:
            return visit
        if visit is not None:
            await self.centre.reverse(await self.msgid(), visit.psn_no, visit.admission_msgid, "2401")
            await self._run(handlers.forget_visit, visit)
        return await self._admit(admission)

    async def upload(self, visit: Visit, lines: Sequence[FeeLine]) -> None:
        """Tell the centre the lines that it does not know yet; `lines` are all of the stay, in order."""
        while visit.uploaded < len(lines):
            part = lines[visit.uploaded : visit.uploaded + LINES_A_CALL]
            await self.centre.upload(await self.msgid(), visit.psn_no, str(visit.mdtrt_id), part)
            visit = await self._run(handlers.uploaded, visit, visit.uploaded + len(part))

    async def _admit(self, admission: Admission) -> Visit:
        visit = Visit(
            stay_id=admission.stay_id,
            psn_no=admission.psn_no,
            insutype=admission.insutype,
            admission_msgid=await self.msgid(),
            mdtrt_id=None,
            uploaded=0,
        )
        await self._run(handlers.begin_visit, visit)
        try:
            mdtrt_id = await self.centre.admit(visit.admission_msgid, admission)
        except (Declined, Unreachable):
            await self._run(handlers.forget_visit, visit)
            raise
        known: Visit = await self._run(handlers.admitted, visit, mdtrt_id)
        return known

    async def _run(self, handler: Callable[..., Awaitable[Any]], *arguments: object) -> Any:  # noqa: ANN401
        """One handler in a transaction of its own."""
        async with self.database.work() as work:
            return await handler(*arguments, work)
