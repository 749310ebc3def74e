"""What the simulated centre does: one function a national transaction, and the switches of tests and the demo.

A transaction that changes something takes effect once for its msgid; whoever sends it again gets the same answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from services.discharge.settlement import packs
from services.discharge.settlement.model import Unacceptable
from services.simulator.centre import model, shapes, store
from services.simulator.centre.model import FaultKind, Insured, No, PutPerson, SettlementState
from shared.ids import new_id
from shared.work import Work

Output = dict[str, Any]
Transaction = Callable[[str, dict[str, Any], Work], Awaitable[Output]]


async def answer(infno: str, msgid: str, body: dict[str, Any], work: Work) -> Output:
    """The output of a transaction. Raises `No` when the centre refuses, `ValueError` for a malformed input."""
    if infno in READING:
        return await READING[infno](msgid, body, work)
    if infno not in CHANGING:
        raise No("infno is not supported")
    await store.lock(work, msgid)
    if known := await store.answered(work, msgid):
        if known.infno != infno:
            raise No("msgid belongs to another transaction")
        return known.answer
    if await store.is_reversed(work, msgid):
        raise No("msgid was reversed")
    output = await CHANGING[infno](msgid, body, work)
    if not await store.remember(work, msgid, infno, output):
        raise No("msgid is being processed")
    return output


async def put_person(command: PutPerson, work: Work) -> Insured:
    """Let somebody be insured so from now on."""
    known = await store.person(work, command.psn_no, lock=True)
    insured = Insured(
        psn_no=command.psn_no,
        insutype=command.insutype,
        retired=command.retired,
        low_income=command.low_income,
        account_balance_fen=known.account_balance_fen if known else command.account_balance_fen,
    )
    await store.save_person(work, insured)
    return insured


async def person(psn_no: str, work: Work) -> Insured:
    """The person, or `Missing`."""
    return await store.person_or_missing(work, psn_no)


async def switch_fault(infno: str, kind: FaultKind, times: int, work: Work) -> dict[str, Any]:
    """Let the next calls of a transaction go wrong."""
    await store.add_fault(work, infno, kind, times)
    return {"infno": infno, "kind": kind, "times": times}


async def clear_faults(work: Work) -> dict[str, Any]:
    """Let nothing go wrong any more."""
    await store.remove_faults(work)
    return {}


async def take_fault(infno: str, work: Work) -> FaultKind | None:
    """What goes wrong with this call, if anything."""
    return await store.take_fault(work, infno)


async def _person(_: str, body: dict[str, Any], work: Work) -> Output:
    """1101."""
    data = shapes.PersonInput.model_validate(body.get("data"))
    return shapes.person_output(await _insured(data.psn_no, work))


async def _entitlement(_: str, body: dict[str, Any], work: Work) -> Output:
    """2001."""
    data = shapes.EntitlementInput.model_validate(body.get("data"))
    insured = await _insured(data.psn_no, work)
    flag = "1" if insured.insutype == data.insutype else "0"
    return {"trtinfo": [{"insutype": insured.insutype, "trt_enjymnt_flag": flag}]}


async def _sums(_: str, body: dict[str, Any], work: Work) -> Output:
    """5206."""
    data = shapes.SumsInput.model_validate(body.get("data"))
    sums = await store.year(work, data.psn_no, data.insutype, data.cum_ym)
    return shapes.sums_output(sums, data.insutype, data.cum_ym)


async def _admission(msgid: str, body: dict[str, Any], work: Work) -> Output:
    """2401."""
    data = shapes.AdmissionInput.model_validate(body.get("mdtrtinfo"))
    insured = await _insured(data.psn_no, work)
    if insured.insutype != data.insutype:
        raise No("insutype is not the person's")
    visit = model.Visit(
        mdtrt_id=f"M{new_id().hex}"[:30],
        psn_no=data.psn_no,
        insutype=data.insutype,
        ipt_no=data.ipt_no,
        began_at=data.begntime,
        msgid=msgid,
    )
    await store.add_visit(work, visit)
    return {"result": {"mdtrt_id": visit.mdtrt_id}}


async def _lines(_: str, body: dict[str, Any], work: Work) -> Output:
    """2301."""
    asked = shapes.LinesInput.model_validate(body)
    mdtrt_id, psn_no = asked.feedetail[0].mdtrt_id, asked.feedetail[0].psn_no
    if {(line.mdtrt_id, line.psn_no) for line in asked.feedetail} != {(mdtrt_id, psn_no)}:
        raise No("all lines of a call belong to one visit")
    await _visit(mdtrt_id, psn_no, work)
    known = {line.feedetl_sn: line for line in await store.lines(work, mdtrt_id)}
    standing, new = len(known), []
    for line in (one.line() for one in asked.feedetail):
        if model.check_line(line, known):
            known[line.feedetl_sn] = line
            new.append(line)
    await store.add_lines(work, mdtrt_id, standing, new)
    return {"result": [_line_result(line) for line in asked.feedetail]}


async def _presettle(msgid: str, body: dict[str, Any], work: Work) -> Output:
    """2303."""
    _, (computed, _) = await _computed(msgid, body, work)
    return shapes.figures_output(computed)


async def _settle(msgid: str, body: dict[str, Any], work: Work) -> Output:
    """2304."""
    data = shapes.BillInput.model_validate(body.get("data"))
    if data.medins_setl_id != msgid:
        raise No("medins_setl_id repeats the msgid")
    insured, computed = await _computed(msgid, body, work)
    settled, insured = model.settlement(insured, _asked(msgid, data), f"S{new_id().hex}"[:30], computed, work.now)
    await store.add_settlement(work, settled)
    await store.save_person(work, insured)
    return shapes.settlement_output(settled)


async def _query(_: str, body: dict[str, Any], work: Work) -> Output:
    """5203: the settlement of that msgid, if it stands."""
    data = shapes.QueryInput.model_validate(body.get("data"))
    found = await store.settlement_by(work, msgid=data.medins_setl_id, mdtrt_id=data.mdtrt_id)
    if found is None or found.state is not SettlementState.STANDING:
        return {}
    return shapes.settlement_output(found)


async def _reverse(_: str, body: dict[str, Any], work: Work) -> Output:
    """2601: whatever that msgid did is undone, and it will never do anything."""
    data = shapes.ReversalInput.model_validate(body.get("data"))
    await store.lock(work, data.omsgid)
    insured = await _insured(data.psn_no, work)
    if data.oinfno == "2401":
        await store.remove_visit(work, data.omsgid)
    found = await store.settlement_by(work, msgid=data.omsgid)
    if found is not None and found.state is SettlementState.STANDING:
        await _take_back(found, insured, SettlementState.REVERSED, work)
    await store.reverse(work, data.omsgid)
    return {}


async def _undo(_: str, body: dict[str, Any], work: Work) -> Output:
    """2305."""
    data = shapes.UndoInput.model_validate(body.get("data"))
    insured = await _insured(data.psn_no, work)
    found = await store.settlement_by(work, setl_id=data.setl_id, mdtrt_id=data.mdtrt_id)
    if found is None or found.state is not SettlementState.STANDING:
        raise No("setl_id is no standing settlement")
    return shapes.settlement_output(await _take_back(found, insured, SettlementState.UNDONE, work))


def _line_result(line: shapes.LineInput) -> Output:
    return {"feedetl_sn": line.feedetl_sn, "det_item_fee_sumamt": shapes.yuan(line.det_item_fee_sumamt)}


async def _take_back(found: model.Settlement, insured: Insured, state: SettlementState, work: Work) -> model.Settlement:
    undone, insured = model.taken_back(found, insured, state)
    await store.save_settlement(work, undone)
    await store.save_person(work, insured)
    return undone


async def _computed(msgid: str, body: dict[str, Any], work: Work) -> tuple[Insured, tuple[Any, int]]:
    data = shapes.BillInput.model_validate(body.get("data"))
    insured = await _insured(data.psn_no, work)
    await _visit(data.mdtrt_id, data.psn_no, work)
    year = await store.year(work, data.psn_no, insured.insutype, data.dscg_time.year)
    lines = await store.lines(work, data.mdtrt_id)
    try:
        pack = packs.load(model.PACKS[insured.insutype], data.dscg_time)
    except Unacceptable:
        raise No("dscg_time lies before every pack") from None
    return insured, model.compute(insured, year, lines, _asked(msgid, data), pack)


def _asked(msgid: str, data: shapes.BillInput) -> model.Asked:
    return model.Asked(
        msgid=msgid,
        psn_no=data.psn_no,
        mdtrt_id=data.mdtrt_id,
        medfee_sumamt_fen=data.medfee_sumamt,
        ended_on=data.dscg_time,
    )


async def _insured(psn_no: str, work: Work) -> Insured:
    """The person, locked: what is settled for one person is settled one after the other."""
    found = await store.person(work, psn_no, lock=True)
    if found is None:
        raise No("psn_no is not insured here")
    return found


async def _visit(mdtrt_id: str, psn_no: str, work: Work) -> None:
    found = await store.visit(work, mdtrt_id)
    if found is None or found.psn_no != psn_no:
        raise No("mdtrt_id is no visit of this person")


READING: Final[Mapping[str, Transaction]] = {
    "1101": _person,
    "2001": _entitlement,
    "5206": _sums,
    "2303": _presettle,
    "5203": _query,
}
CHANGING: Final[Mapping[str, Transaction]] = {
    "2401": _admission,
    "2301": _lines,
    "2304": _settle,
    "2601": _reverse,
    "2305": _undo,
}
