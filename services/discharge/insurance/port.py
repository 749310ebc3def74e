"""The insurance centre as the suite sees it: the national transactions of the slice, and the three ways they fail.

Invariant: an adapter never repeats a request by itself. What it cannot answer for sure it raises as `Unanswered`; who
asked decides whether to query (5203) or to reverse (2601).
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol

from services.discharge.insurance.model import (
    Admission,
    BillToSettle,
    CentreSettlement,
    FeeLine,
    Figures,
    Insured,
    YearSums,
)


class Reason(StrEnum):
    """Why the centre said no."""

    NOT_INSURED = "not-insured"
    DECLINED = "centre-declined"


class CentreTrouble(Exception):
    """A transaction did not succeed. `code` is stable and holds nothing of a patient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Declined(CentreTrouble):
    """The centre said no (infcode other than 0): nothing has changed there. Its words are kept with the call."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)


class Unreachable(CentreTrouble):
    """No connection: the request was certainly not sent."""


class Unanswered(CentreTrouble):
    """It was sent and no usable answer came: whether it took effect is unknown."""


class Centre(Protocol):
    """National transactions. `msgid` was made and stored before; each raises `CentreTrouble`."""

    async def person(self, msgid: str, psn_no: str) -> Insured:
        """1101: who the person is to the scheme, with the balance of the personal account."""
        ...

    async def entitled(self, msgid: str, insured: Insured, on: date) -> bool:
        """2001: whether the person has inpatient benefit on that day."""
        ...

    async def year_to_date(self, msgid: str, insured: Insured, year: int) -> YearSums:
        """5206: what the settlements of the year have used up."""
        ...

    async def admit(self, msgid: str, admission: Admission) -> str:
        """2401: make a stay known; gives its mdtrt_id."""
        ...

    async def upload(self, msgid: str, psn_no: str, mdtrt_id: str, lines: Sequence[FeeLine]) -> None:
        """2301: make fee lines known. A line whose number is known there with the same content changes nothing."""
        ...

    async def presettle(self, msgid: str, bill: BillToSettle) -> Figures:
        """2303: what 2304 would give, without settling."""
        ...

    async def settle(self, msgid: str, bill: BillToSettle) -> CentreSettlement:
        """2304: settle. Never sent twice."""
        ...

    async def settlement(self, msgid: str, bill: BillToSettle, settling: str) -> CentreSettlement | None:
        """5203: the settlement that the 2304 with the msgid `settling` made; None when there is none."""
        ...

    async def reverse(self, msgid: str, psn_no: str, original_msgid: str, original_infno: str) -> None:
        """2601: whatever the request with that msgid did, or will still do, is undone. May be repeated."""
        ...

    async def undo(self, msgid: str, bill: BillToSettle, setl_id: str) -> None:
        """2305: undo a known settlement; the back office's decision."""
        ...
