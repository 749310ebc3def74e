"""What can be asked of a preparation: one function a use case. Load, decide, save, publish; the edge commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.beds.preparation import items as lists
from services.beds.preparation import model, store
from services.beds.preparation.model import (
    ConsentKept,
    DecideConsent,
    Decision,
    Mark,
    MarkItems,
    MarkKept,
    Preparation,
    Reason,
    State,
    Who,
)
from services.beds.requests import handlers as requests
from services.beds.requests.model import AdmissionRequest, Phase
from services.beds.scoring import hard_rules
from shared.decision import Refused
from shared.work import Work

ENDED = Refused(reason=Reason.REQUEST_ENDED, remedy="the request is withdrawn: nothing is prepared for it any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an item of the list stands for a request."""

    item: str
    state: State
    mandatory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request's preparation, item by item, with its history, and what keeps the patient out."""

    request_id: UUID
    items_version: str
    items: tuple[Standing, ...]
    consents: Mapping[str, Decision]
    exempt: bool
    keeps_out: tuple[str, ...]
    marks: Sequence[MarkKept]
    decisions: Sequence[ConsentKept]
    version: int


async def mark_items(command: MarkItems, work: Work) -> Prepared | Refused:
    """Say of some items how they stand."""
    request = await requests.request(command.request_id, work)
    if request.phase is Phase.WITHDRAWN:
        return ENDED
    before = await store.begun(work, _nothing_done(request, work))
    items = lists.shipped()[before.items_version]
    if refused := model.check_marks(command, items):
        return refused
    by_app = command.as_who == {Who.PATIENT}
    after = model.marked(before, command.marks)
    await store.add_marks(work, command.request_id, _kept(command.marks, command.marked_by, work, self_service=by_app))
    await store.save(work, after)
    work.publish(model.changed(after, items, request.source))
    return await prepared(command.request_id, work)


async def decide_consent(command: DecideConsent, work: Work) -> Prepared | Refused:
    """Note what was decided about a consent; what stands on the list for it follows."""
    request = await requests.request(command.request_id, work)
    if request.phase is Phase.WITHDRAWN:
        return ENDED
    before = await store.begun(work, _nothing_done(request, work))
    items = lists.shipped()[before.items_version]
    after = model.decided(before, command, items)
    if isinstance(after, Refused):
        return after
    kept = ConsentKept(
        consent=command.consent,
        decision=command.decision,
        decided_by=command.decided_by,
        recorded_by=command.recorded_by,
        decided_at=work.now,
    )
    await store.add_consent(work, command.request_id, kept)
    await store.save(work, after)
    work.publish(model.changed(after, items, request.source))
    return await prepared(command.request_id, work)


async def prepared(request_id: UUID, work: Work) -> Prepared:
    """How a request is prepared; `Missing` when there is no such request."""
    request = await requests.request(request_id, work)
    preparation = await store.preparation(work, request_id) or _nothing_done(request, work)
    items = lists.shipped()[preparation.items_version]
    exempt = is_exempt(request)
    states = preparation.states
    return Prepared(
        request_id=request_id,
        items_version=preparation.items_version,
        items=tuple(
            Standing(
                item=one.code, state=states.get(one.code, State.OPEN), mandatory=request.source in one.mandatory_for
            )
            for one in items.items
        ),
        consents=preparation.consents,
        exempt=exempt,
        keeps_out=() if exempt else model.keeps_out(states, items, request.source),
        marks=await store.marks(work, request_id),
        decisions=await store.consents(work, request_id),
        version=preparation.version,
    )


async def let_in(request_id: UUID, reason: str | None, admitted_by: str, work: Work) -> Refused | None:
    """Whether the patient may be admitted as prepared. A reason lets them in whatever is open, and is kept."""
    request = await requests.request(request_id, work)
    if is_exempt(request):
        return None
    before = await store.begun(work, _nothing_done(request, work))
    still_open = model.keeps_out(before.states, lists.shipped()[before.items_version], request.source)
    if not still_open:
        return None
    if reason is None:
        remedy = f"still open: {', '.join(still_open)}. Mark them, or admit the patient with an open_items_reason"
        return Refused(reason=Reason.PREPARATION_OPEN, remedy=remedy)
    accepted = [Mark(item=item, state=State.ACCEPTED_OPEN, reason=reason) for item in still_open]
    await store.add_marks(work, request_id, _kept(accepted, admitted_by, work, self_service=False))
    await store.save(work, model.accepted_open(before, still_open))
    return None


def is_exempt(request: AdmissionRequest) -> bool:
    """An emergency, or whoever goes before everybody else, is kept out by nothing."""
    urgent = request.immediate or request.triage in hard_rules.URGENT_TRIAGE
    return request.source == "emergency" or urgent


def _nothing_done(request: AdmissionRequest, work: Work) -> Preparation:
    return Preparation(
        request_id=request.request_id,
        patient_id=request.patient_id,
        items_version=lists.on(work.now.date()).version,
        states={},
        consents={},
        version=0,
    )


def _kept(marks: Sequence[Mark], by: str, work: Work, *, self_service: bool) -> list[MarkKept]:
    return [
        MarkKept(
            item=mark.item,
            state=mark.state,
            reason=mark.reason,
            self_service=self_service,
            marked_by=by,
            marked_at=work.now,
        )
        for mark in marks
    ]
