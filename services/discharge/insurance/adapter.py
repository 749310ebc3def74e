"""The insurance centre over HTTP: one POST a transaction, raw request and answer kept, nothing ever repeated here.

Invariant: the request is kept before it is sent. A lost connection, an HTTP error and an answer that cannot be read are
all `Unanswered`: only a connection that never came about is surely `Unreachable`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from services.discharge.insurance import wire
from services.discharge.insurance.model import (
    Admission,
    BillToSettle,
    CentreSettlement,
    FeeLine,
    Figures,
    Institution,
    Insured,
    YearSums,
)
from services.discharge.insurance.port import Declined, Reason, Unanswered, Unreachable
from shared.clock import wall_now

PATH = "/fsi/api"
OK = 0
HTTP_ERRORS = 400
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
Output = TypeVar("Output", bound=BaseModel)
Value = TypeVar("Value")


class Archive(Protocol):
    """Where raw requests and answers are kept."""

    async def asked(self, msgid: str, infno: str, request: bytes) -> None:
        """Keep a request that is about to be sent."""
        ...

    async def answered(self, msgid: str, answer: bytes | None, outcome: str) -> None:
        """Keep what came back, and how it was understood."""
        ...


class HttpCentre:
    """The centre behind `client`, whose base address and time limit are its own."""

    def __init__(self, client: httpx.AsyncClient, institution: Institution, archive: Archive) -> None:
        self._client = client
        self._institution = institution
        self._archive = archive

    async def person(self, msgid: str, psn_no: str) -> Insured:
        """1101."""
        output = await self._ask("1101", msgid, wire.person_input(psn_no), wire.PersonOutput)
        if not output.insuinfo:
            raise Declined(Reason.NOT_INSURED)
        first = output.insuinfo[0]
        return Insured(
            psn_no=psn_no,
            insutype=first.insutype,
            retired=first.psn_type == wire.RETIRED,
            low_income=any(identity.psn_idet_type == wire.LOW_INCOME for identity in output.idetinfo),
            balance_fen=first.balc,
        )

    async def entitled(self, msgid: str, insured: Insured, on: date) -> bool:
        """2001."""
        body = wire.entitlement_input(insured.psn_no, insured.insutype, on)
        output = await self._ask("2001", msgid, body, wire.EntitlementOutput)
        return any(line.trt_enjymnt_flag == "1" for line in output.trtinfo)

    async def year_to_date(self, msgid: str, insured: Insured, year: int) -> YearSums:
        """5206."""
        body = wire.sums_input(insured.psn_no, insured.insutype, year)
        output = await self._ask("5206", msgid, body, wire.SumsOutput)
        sums = {line.cum_type_code: line.cum for line in output.cuminfo}
        fen = {code: int(amount * 100) for code, amount in sums.items()}
        return YearSums(
            settlements=int(sums.get("setl_cnt", 0)),
            hifp_pay_fen=fen.get("hifp_pay", 0),
            hifob_pay_fen=fen.get("hifob_pay", 0),
            compliant_burden_fen=fen.get("compliant_burden", 0),
            maf_pay_fen=fen.get("maf_pay", 0),
        )

    async def admit(self, msgid: str, admission: Admission) -> str:
        """2401."""
        output = await self._ask("2401", msgid, wire.admission_input(admission), wire.VisitOutput)
        return output.result.mdtrt_id

    async def upload(self, msgid: str, psn_no: str, mdtrt_id: str, lines: Sequence[FeeLine]) -> None:
        """2301."""
        await self._send("2301", msgid, wire.lines_input(psn_no, mdtrt_id, lines))

    async def presettle(self, msgid: str, bill: BillToSettle) -> Figures:
        """2303."""
        return await self._settled("2303", msgid, wire.bill_input(bill, msgid), wire.SetlFields.figures)

    async def settle(self, msgid: str, bill: BillToSettle) -> CentreSettlement:
        """2304."""
        return await self._settled("2304", msgid, wire.bill_input(bill, msgid), wire.SetlFields.settlement)

    async def settlement(self, msgid: str, bill: BillToSettle, settling: str) -> CentreSettlement | None:
        """5203."""
        output = await self._ask("5203", msgid, wire.settlement_input(bill, settling), wire.SetlOutput)
        if output.setlinfo is None:
            return None
        return await self._value(msgid, output.setlinfo, wire.SetlFields.settlement)

    async def reverse(self, msgid: str, psn_no: str, original_msgid: str, original_infno: str) -> None:
        """2601."""
        await self._send("2601", msgid, wire.reversal_input(psn_no, original_msgid, original_infno))

    async def undo(self, msgid: str, bill: BillToSettle, setl_id: str) -> None:
        """2305."""
        await self._send("2305", msgid, wire.undo_input(bill, setl_id))

    async def _settled(
        self, infno: str, msgid: str, body: dict[str, Any], value: Callable[[wire.SetlFields], Value]
    ) -> Value:
        output = await self._ask(infno, msgid, body, wire.SetlOutput)
        if output.setlinfo is None:
            raise await self._unusable(msgid)
        return await self._value(msgid, output.setlinfo, value)

    async def _value(self, msgid: str, setlinfo: wire.SetlFields, value: Callable[[wire.SetlFields], Value]) -> Value:
        try:
            return value(setlinfo)
        except ValueError:
            raise await self._unusable(msgid) from None

    async def _ask(self, infno: str, msgid: str, body: dict[str, Any], shape: type[Output]) -> Output:
        """The output of a transaction, read strictly."""
        output = await self._send(infno, msgid, body)
        try:
            return shape.model_validate(output)
        except ValidationError:
            raise await self._unusable(msgid) from None

    async def _send(self, infno: str, msgid: str, body: dict[str, Any]) -> dict[str, Any]:
        request = orjson.dumps(wire.envelope(self._institution, infno, msgid, wall_now(), body))
        await self._archive.asked(msgid, infno, request)
        try:
            answer = await self._client.post(PATH, content=request, headers={"content-type": "application/json"})
        except NEVER_SENT:
            await self._archive.answered(msgid, None, "unreachable")
            raise Unreachable("centre-unreachable") from None
        except httpx.TransportError:
            await self._archive.answered(msgid, None, "unanswered")
            raise Unanswered("centre-unanswered") from None
        return await self._read(msgid, answer)

    async def _read(self, msgid: str, answer: httpx.Response) -> dict[str, Any]:
        try:
            reply = wire.Reply.model_validate_json(answer.content) if answer.status_code < HTTP_ERRORS else None
        except ValidationError:
            reply = None
        if reply is None:
            await self._archive.answered(msgid, answer.content, "unusable")
            raise Unanswered("centre-answer-unusable")
        await self._archive.answered(msgid, answer.content, "ok" if reply.infcode == OK else "declined")
        if reply.infcode != OK:
            raise Declined(Reason.DECLINED)
        return reply.output or {}

    async def _unusable(self, msgid: str) -> Unanswered:
        """The envelope said yes, and the output does not say what it must."""
        await self._archive.answered(msgid, None, "unusable")
        return Unanswered("centre-answer-unusable")
