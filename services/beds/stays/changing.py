"""What is taken back or changed in a stay: one function a use case. Load, decide, save, publish.

Each keeps who did it and why. A bed that is had back is asked for as any other, and refused when it was given away.
"""

from services.beds.housekeeping import handlers as housekeeping
from services.beds.housekeeping.model import Kind
from services.beds.inventory import handlers as inventory
from services.beds.requests import handlers as requests
from services.beds.stays import changes, history_store, store
from services.beds.stays.changes import ChangeCareTeam, ExpectLeave, TakeBack
from services.beds.stays.handlers import give_reservation_up
from services.beds.stays.loading import CONFLICTS, stay_in_hand
from services.beds.stays.model import Stay
from shared.decision import Refused
from shared.messages import Event
from shared.work import Work


async def cancel_reservation(command: TakeBack, work: Work) -> Stay | Refused:
    """Give the reservation up: the bed is free, and the patient waits again."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.cancel_reservation(stay, work.now)
    if isinstance(decision, Refused):
        return decision
    given_up, event = decision
    await give_reservation_up(given_up, work)
    return await _keep(given_up, event, command, work, saved=True)


async def cancel_admission(command: TakeBack, work: Work) -> Stay | Refused:
    """The admission does not count: the bed is to be cleaned, and the patient waits again."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.cancel_admission(stay, work.now)
    if isinstance(decision, Refused):
        return decision
    cancelled, event = decision
    request = await requests.request(stay.stay_id, work)
    await requests.end_reservation(stay.stay_id, work)
    bed = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    await housekeeping.vacate_bed(bed, request.isolation, Kind.TURNOVER, work)
    await store.end_use(work, stay.stay_id, work.now)
    await inventory.want_round(work)
    return await _keep(cancelled, event, command, work)


async def cancel_transfer(command: TakeBack, work: Work) -> Stay | Refused:
    """The patient has the bed they came from again, as if they had never moved; the other one is to be cleaned."""
    stay = await stay_in_hand(command.stay_id, work)
    previous = command.by.refused_in(stay) or changes.bed_before(stay)
    if isinstance(previous, Refused):
        return previous
    request = await requests.request(stay.stay_id, work)
    beds = await inventory.beds_for_change([stay.bed_id, previous], work)
    await housekeeping.vacate_bed(beds[stay.bed_id], request.isolation, Kind.TURNOVER, work)
    bed = await housekeeping.give_bed_back(beds[previous], stay.stay_id, stay.patient_id, work)
    if isinstance(bed, Refused):
        return bed
    moved_at = await store.empty_use(work, stay.stay_id)
    if constraint := await store.reopen_use(work, stay.stay_id, bed.bed_no, moved_at):
        return CONFLICTS[constraint]
    back, event = changes.cancel_transfer(stay, bed)
    return await _keep(back, event, command, work)


async def undo_leave(command: TakeBack, work: Work) -> Stay | Refused:
    """The patient has not left: they have their bed as if they had never gone."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.undo_leave(stay, work.now)
    if isinstance(decision, Refused):
        return decision
    back, event = decision
    bed = (await inventory.beds_for_change([stay.bed_id], work))[stay.bed_id]
    taken = await housekeeping.give_bed_back(bed, stay.stay_id, stay.patient_id, work)
    if isinstance(taken, Refused):
        return taken
    if constraint := await store.reopen_use(work, stay.stay_id, bed.bed_no, stay.left_at or work.now):
        return CONFLICTS[constraint]
    return await _keep(back, event, command, work)


async def change_care_team(command: ChangeCareTeam, work: Work) -> Stay | Refused:
    """Another specialty or team answers for the patient, who keeps the bed."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.change_care_team(stay, command, work.now)
    return await _decided(decision, command, work)


async def expect_leave(command: ExpectLeave, work: Work) -> Stay | Refused:
    """The ward says when the patient will leave."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.expect_leave(stay, command.expected_leave_at, work.now)
    return await _decided(decision, command, work)


async def cancel_expectation(command: TakeBack, work: Work) -> Stay | Refused:
    """The ward takes back when the patient will leave."""
    stay = await stay_in_hand(command.stay_id, work)
    decision = command.by.refused_in(stay) or changes.cancel_expectation(stay, work.now)
    return await _decided(decision, command, work)


Command = TakeBack | ChangeCareTeam | ExpectLeave


async def _decided(decision: tuple[Stay, Event] | Refused, command: Command, work: Work) -> Stay | Refused:
    return decision if isinstance(decision, Refused) else await _keep(*decision, command, work)


async def _keep(changed: Stay, event: Event, command: Command, work: Work, *, saved: bool = False) -> Stay:
    """Write the stay's next version with what brought it, and say so."""
    if not saved:
        await store.save(work, changed)
    change = changes.Change(
        stay_id=changed.stay_id,
        version=changed.version,
        change=event.type.split(".")[1],
        reason=command.reason if isinstance(command, TakeBack) else None,
        changed_by=command.by.subject,
        changed_at=work.now,
    )
    await history_store.note_change(work, change)
    work.publish(event)
    return changed
