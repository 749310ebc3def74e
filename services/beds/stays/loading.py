"""What every use case of stays begins with: the stay in hand, the hard rules, and what a constraint's refusal means.

Rows are locked in the order stay (by id), request, bed (by id).
"""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from services.beds.inventory.model import Bed
from services.beds.requests import model as requests_model
from services.beds.requests.model import AdmissionRequest
from services.beds.scoring.model import Policy
from services.beds.stays import store, suiting
from services.beds.stays.model import Override, Reason, Stay, Suitability
from shared.decision import Refused
from shared.work import Missing, Work

CONFLICTS = {
    store.ONE_PATIENT_A_BED: Refused(reason=Reason.BED_TAKEN, remedy="ask for a new proposal, or choose another bed"),
    store.ONE_BED_A_PATIENT: Refused(reason=Reason.PATIENT_HAS_BED, remedy="transfer the patient instead"),
    store.ONE_SEX_A_ROOM: Refused(
        reason=Reason.ROOM_SEX, remedy="somebody of the other sex has the room: ask for a new proposal"
    ),
}


async def stay_in_hand(stay_id: UUID, work: Work) -> Stay:
    """A stay that nobody else changes until this work is done; `Missing` when there is none."""
    stay = await store.stay_or_none(work, stay_id, lock=True)
    if stay is None:
        raise Missing("stay", stay_id)
    return stay


async def stays_in_hand(stay_ids: Collection[UUID], work: Work) -> dict[UUID, Stay]:
    """The same of several, in order of id."""
    return {stay_id: await stay_in_hand(stay_id, work) for stay_id in sorted(stay_ids)}


async def suitability(
    request: AdmissionRequest, specialty: str, bed: Bed, policy: Policy, override: Override | None, work: Work
) -> Suitability | Refused:
    """What the hard rules say to a bed, were it free, with its room as it is now and the specialty that answers now."""
    sexes = await store.room_sexes(work, bed.room_no)
    waiting = replace(requests_model.waiting(request, work.now), specialty=specialty)
    return suiting.suitability(waiting, suiting.as_if_free(bed, sexes.get(bed.room_no)), policy, override)
