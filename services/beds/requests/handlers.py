"""What can be asked of admission requests, and what they react to: one function a use case. The edge commits."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.beds.casemix import handlers as casemix
from services.beds.casemix.model import Known, SettledCase
from services.beds.inventory import handlers as inventory
from services.beds.requests import model, store
from services.beds.requests.model import AdmissionRequest, LongestWait, Phase, Ranked, Reason
from services.beds.scoring.model import AdmissionClass, Policy
from shared.decision import Refused
from shared.messages.discharge.settlement import Settled
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.patients import PatientDeceased
from shared.work import Work


async def on_admission_requested(event: AdmissionRequested, work: Work) -> None:
    """A clinician has written an admission request: the patient waits, and a round may have a bed for them."""
    deceased = await store.is_deceased(work, event.patient_id)
    request, queued = model.queue(event, work.now, deceased=deceased)
    if not await store.add(work, request):
        return
    if settled_at := await casemix.settled_at(request.request_id, work):
        await _count(request, settled_at, work)
    if queued is not None:
        work.publish(queued)
        await inventory.want_round(work)


async def withdraw_for_death(event: PatientDeceased, work: Work) -> None:
    """Whatever the patient waits for ends, now and for requests that are heard of later."""
    await store.note_deceased(work, event.patient_id, event.deceased_on)
    for request in await store.of_patient(work, event.patient_id):
        if request.phase is Phase.WAITING:
            await store.save(work, model.moved(request, Phase.WITHDRAWN))
            await inventory.want_round(work)


async def withdraw_request(request_id: UUID, reason: str, work: Work) -> AdmissionRequest | Refused:
    """The patient will not be admitted; `reason` is a code. Only who waits can be withdrawn."""
    request = await store.request(work, request_id, lock=True)
    if request.phase is not Phase.WAITING:
        return Refused(reason=Reason.NOT_WAITING, remedy=f"the request is {request.phase}: nothing to withdraw")
    [told] = await store.next_version_of_waiting(work, [request_id])
    withdrawn = model.moved(told, Phase.WITHDRAWN)
    await store.save(work, withdrawn)
    await inventory.want_round(work)
    work.publish(model.withdrawn(withdrawn, reason, work.now))
    return withdrawn


async def remember_death(event: PatientDeceased, work: Work) -> None:
    """The death alone, for whoever draws what is known anew."""
    await store.note_deceased(work, event.patient_id, event.deceased_on)


async def request(request_id: UUID, work: Work) -> AdmissionRequest:
    """One request; `Missing` when there is none."""
    return await store.request(work, request_id)


async def request_for_change(request_id: UUID, work: Work) -> AdmissionRequest:
    """One request, which nobody else changes until this work is done; `Missing` when there is none."""
    return await store.request(work, request_id, lock=True)


async def waiting(work: Work) -> list[AdmissionRequest]:
    """Everybody who waits, oldest request first."""
    return await store.waiting(work)


async def ranked(policy: Policy, limit: int, work: Work) -> list[Ranked]:
    """Everybody who waits, in order of urgency, with reasons; the first `limit` of them."""
    requests = await store.waiting(work)
    mix = await casemix.case_mix(policy, work)
    return model.rank(requests, policy, work.now, await known(requests, work), mix)[:limit]


async def known(requests: Sequence[AdmissionRequest], work: Work) -> Known:
    """What the tables in force say of the codes of these requests."""
    return await casemix.known([model.plan(one) for one in requests], work.now, work)


async def longest_waits(policy: Policy, work: Work) -> list[LongestWait]:
    """For each urgency, the longest wait beside the longest that is allowed."""
    return model.longest_waits([model.waiting(one, work.now) for one in await store.waiting(work)], policy)


async def expected_days(request_ids: Collection[UUID], work: Work) -> dict[UUID, int]:
    """How long each of these stays was planned to be, in days."""
    return await store.expected_days(work, request_ids)


async def waiting_since(work: Work) -> datetime | None:
    """Since when the first of those who wait is known; None when nobody waits."""
    return await store.waiting_since(work)


async def on_settled(event: Settled, work: Work) -> None:
    """The insurance centre has settled a stay: it counts in its department's case mix, with the RW in force then.

    The request may be heard of later, where topics are read again from their beginning.
    """
    request = await store.request_or_none(work, event.stay_id)
    if request is None:
        await casemix.count_settled(SettledCase(stay_id=event.stay_id, settled_at=event.settled_at), work)
    else:
        await _count(request, event.settled_at, work)


async def _count(request: AdmissionRequest, settled_at: datetime, work: Work) -> None:
    tables = await casemix.known([model.plan(request)], settled_at, work)
    await casemix.count_settled(model.settled(request, tables, settled_at), work)


async def mark_proposed(request_ids: Collection[UUID], work: Work) -> dict[UUID, AdmissionRequest]:
    """The next version of those that still wait, for the event that names a bed for them."""
    return {one.request_id: one for one in await store.next_version_of_waiting(work, request_ids)}


async def mark_scheduled(request: AdmissionRequest, work: Work) -> None:
    """The bed comes with a plan: rounds look for none, and one that was proposed is so no more."""
    await store.save(work, model.moved(request, Phase.SCHEDULED))
    await inventory.want_round(work)


async def mark_waiting(request: AdmissionRequest, work: Work) -> None:
    """What was planned is due: the request can have a bed."""
    await store.save(work, model.moved(request, Phase.WAITING))


async def withdraw_planned(request: AdmissionRequest, reason: str | None, work: Work) -> None:
    """What was planned will not be. `reason` is a code; None where the patient has died, which others hear of."""
    told = request if reason is None else await store.next_version(work, request.request_id)
    withdrawn = model.moved(told, Phase.WITHDRAWN)
    await store.save(work, withdrawn)
    await inventory.want_round(work)
    if reason is not None:
        work.publish(model.withdrawn(withdrawn, reason, work.now))


async def reclassify(
    request: AdmissionRequest, admission_class: AdmissionClass, triage: int | None, expected_days: int, work: Work
) -> None:
    """Another class, from now on; a request that was planned waits for a bed as others do."""
    phase = Phase.WAITING if request.phase is Phase.SCHEDULED else request.phase
    changed = replace(
        model.moved(request, phase), admission_class=admission_class, triage=triage, expected_days=expected_days
    )
    await store.save(work, changed)
    await inventory.want_round(work)


async def mark_reserved(request: AdmissionRequest, work: Work) -> None:
    """A bed is kept."""
    await store.save(work, model.moved(request, Phase.RESERVED))


async def mark_admitted(request: AdmissionRequest, work: Work) -> None:
    """The patient lies in a bed."""
    await store.save(work, model.moved(request, Phase.ADMITTED))


async def end_reservation(request_id: UUID, work: Work) -> None:
    """The kept bed is given up: the patient waits again, unless they have died."""
    request = await store.request(work, request_id, lock=True)
    deceased = await store.is_deceased(work, request.patient_id)
    await store.save(work, model.moved(request, Phase.WITHDRAWN if deceased else Phase.WAITING))
