"""Reading the board: the whole of it, or what has changed since a position of the feed."""

from collections.abc import Sequence
from datetime import tzinfo

from services.console.board.model import Change, HospitalNow, Tallies, count, day_of, lay_out
from services.console.projection import queries
from services.console.projection.model import Bed
from shared.messages.discharge.settlement import Settled
from shared.messages.followup.plans import PlanOpened
from shared.messages.registration.arrivals import PatientArrived
from shared.work import Work

TICKER = 30
"""How many events the ticker shows; the page trims it to the same number."""

FLOWS = (PatientArrived.type, Settled.type, PlanOpened.type)


async def hospital_now(zone: tzinfo, work: Work) -> HospitalNow:
    """Everything the page shows."""
    head = await queries.head(work)
    beds = await queries.beds(work)
    return HospitalNow(
        head=head,
        now=work.now,
        campuses=lay_out(beds),
        tallies=await _tallies(beds, zone, work),
        latest=await queries.latest(work, 0, head, TICKER),
    )


async def changed_since(after: int, zone: tzinfo, work: Work) -> Change | None:
    """What a page that was drawn at `after` does not show yet; None when there is nothing.

    A position that lies ahead of the feed belongs to a projection that has been rebuilt since: everything is new.
    """
    head = await queries.head(work)
    if head == after:
        return None
    after = after if after < head else 0
    beds = await queries.beds(work)
    changed = await queries.beds(work, after)
    redraw = any(bed.added_position > after for bed in changed)
    wards = {(bed.campus_id, bed.ward_id) for bed in changed}
    campuses = lay_out(beds)
    return Change(
        after=after,
        head=head,
        now=work.now,
        latest=await queries.latest(work, after, head, TICKER),
        beds=() if redraw else changed,
        wards=[
            (campus.campus_id, ward)
            for campus in campuses
            for ward in campus.wards
            if not redraw and (campus.campus_id, ward.ward_id) in wards
        ],
        campuses=campuses,
        redraw=redraw,
        tallies=await _tallies(beds, zone, work),
    )


async def _tallies(beds: Sequence[Bed], zone: tzinfo, work: Work) -> Tallies:
    flows = await queries.flows(work, FLOWS, day_of(work.now, zone))
    arrivals, settlements, plans = (flows[name] for name in FLOWS)
    return Tallies(
        looks=count(beds),
        waiting=await queries.waiting(work),
        arrivals=arrivals,
        settlements=settlements,
        plans=plans,
    )
