"""The simulated centre over HTTP: the national interface at `/fsi/api`, and the switches of tests and the demo."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, ValidationError

from services.simulator.centre import handlers
from services.simulator.centre.model import FaultKind, No, PutPerson
from services.simulator.centre.shapes import Envelope
from shared.auth import Role, may, open_route
from shared.commands import CommandRunner
from shared.database import Database
from shared.http import QueryRunner, refusals
from shared.ids import new_id

OPERATORS = (Role.OPERATOR, Role.SYSTEM)
fsi = APIRouter(prefix="/fsi", tags=["national interface"])
router = APIRouter(tags=["switches"], responses=refusals(), dependencies=[may(*OPERATORS)])

OK, REFUSED = 0, -1
PsnNo = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,40}$")]


class PersonTerms(BaseModel, extra="forbid"):
    """How somebody is insured."""

    insutype: str = Field(pattern=r"^(310|390)$", description="310 employee, 390 resident")
    retired: bool = False
    low_income: bool = False
    account_balance_fen: int = Field(
        default=0, ge=0, le=99_999_999_999, description="of a new personal account; a known one keeps what it has"
    )


class PersonView(BaseModel):
    """A person of the scheme."""

    psn_no: str
    insutype: str
    retired: bool
    low_income: bool
    account_balance_fen: int


class Fault(BaseModel, extra="forbid"):
    """What is to go wrong: nothing is done and no answer comes, it is done and no answer comes, a no, or HTTP 503."""

    infno: str = Field(pattern=r"^\d{4}$")
    kind: FaultKind
    times: int = Field(default=1, ge=1, le=1000)


class Reply(BaseModel):
    """An answer's envelope."""

    infcode: int
    inf_refmsgid: str
    err_msg: str
    output: dict[str, object] | None


class NoFault(BaseModel):
    """Nothing goes wrong any more."""


@fsi.post("/api", dependencies=[open_route()])
async def transact(request: Request) -> Response:
    """One national transaction. The real centre is reached over a closed network and knows its hospitals."""
    try:
        envelope = Envelope.model_validate_json(await request.body())
    except ValidationError:
        return _reply(REFUSED, "the envelope is malformed", None)
    database: Database = request.app.state.database
    async with database.work() as work:
        fault = await handlers.take_fault(envelope.infno, work)
    if fault is FaultKind.DOWN:
        return Response(status_code=503)
    if fault is FaultKind.REFUSE:
        return _reply(REFUSED, "refused as switched", None)
    if fault is FaultKind.TIMEOUT_BEFORE:
        return await _silence(request)
    answer = await _answer(envelope, database)
    return await _silence(request) if fault is FaultKind.TIMEOUT_AFTER else answer


@router.put("/persons/{psn_no}", response_model=PersonView)
async def put_person(psn_no: PsnNo, body: PersonTerms, commands: CommandRunner) -> Response:
    """Let somebody be insured so from now on."""
    return await commands.run(handlers.put_person, PutPerson(psn_no=psn_no, **dict(body)), answer=PersonView)


@router.get("/persons/{psn_no}")
async def person(psn_no: PsnNo, queries: QueryRunner) -> PersonView:
    """How somebody is insured, and what the personal account holds."""
    return PersonView.model_validate(await queries.run(handlers.person, psn_no), from_attributes=True)


@router.post("/faults", status_code=201, response_model=Fault)
async def switch_fault(body: Fault, commands: CommandRunner) -> Response:
    """Let the next calls of a transaction go wrong."""
    return await commands.run(handlers.switch_fault, body.infno, body.kind, body.times, answer=Fault)


@router.delete("/faults", response_model=NoFault)
async def clear_faults(commands: CommandRunner) -> Response:
    """Let nothing go wrong any more."""
    return await commands.run(handlers.clear_faults, answer=NoFault)


async def _answer(envelope: Envelope, database: Database) -> Response:
    try:
        async with database.work() as work:
            output = await handlers.answer(envelope.infno, envelope.msgid, envelope.input, work)
    except No as no:
        return _reply(REFUSED, no.words, None)
    except ValidationError as malformed:
        place = ".".join(map(str, malformed.errors(include_input=False)[0]["loc"]))
        return _reply(REFUSED, f"the input is malformed at {place}", None)
    return _reply(OK, "", output)


async def _silence(request: Request) -> Response:
    """No answer: wait until the hospital hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=503)


def _reply(infcode: int, words: str, output: dict[str, object] | None) -> Response:
    reply = Reply(infcode=infcode, inf_refmsgid=new_id().hex[:30], err_msg=words, output=output)
    return Response(reply.model_dump_json(), media_type="application/json")
