"""Invariant 1 for places that are offered: an offer is one hold of one entry, and no place rots while somebody waits.

That no slot is oversold with its offers, and no place given out twice, `judging_commands.places` sees: an offer is an
appointment like another. Each function yields one sentence a violation.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from services.registration.waitlist.policy import POLICY
from tests.chaos.evidence import Evidence, Row

NO_TIME_LEFT = POLICY.cut_off + min(step.left for step in POLICY.steps)


def offers(evidence: Evidence) -> Iterator[str]:
    """1. No place offered twice, none that rots while somebody waits for it, no acceptance without a booking."""
    appointments = {one["appointment_id"]: one for one in evidence.table("registration", "appointment")}
    entries = evidence.table("registration", "waitlist_entry")
    for appointment_id, times in Counter(one["appointment_id"] for one in entries if one["appointment_id"]).items():
        if times > 1:
            yield f"the place of appointment {appointment_id} was offered to {times} entries"
    for entry in entries:
        place = appointments.get(entry["appointment_id"])
        if entry["status"] == "offered" and not _is_held_for(place, entry):
            yield f"waitlist entry {entry['entry_id']} has an offer and no place is held for it"
        if entry["status"] == "accepted" and (place is None or place["booked_at"] is None):
            yield f"waitlist entry {entry['entry_id']} has accepted a place that was never booked"
    yield from _rotting(evidence)


def _is_held_for(place: Row | None, entry: Row) -> bool:
    return (
        place is not None
        and place["status"] == "held"
        and (place["patient_id"], place["held_until"]) == (entry["patient_id"], entry["offered_until"])
    )


def _rotting(evidence: Evidence) -> Iterator[str]:
    """A place stands free that could still be offered to somebody who waits. Who gave one back there is not asked."""
    if evidence.now is None:
        return
    days = {one["session_id"]: one["session_on"] for one in evidence.table("registration", "session")}
    had = {(one["session_id"], one["patient_id"]) for one in evidence.table("registration", "appointment")}
    free = [
        slot
        for slot in evidence.table("registration", "slot")
        if slot["booked"] < slot["capacity"] and slot["starts_at"] - evidence.now > NO_TIME_LEFT + timedelta(minutes=1)
    ]
    for entry in evidence.table("registration", "waitlist_entry"):
        for slot in free if entry["status"] == "waiting" else ():
            session = slot["session_id"]
            wanted = entry["session_id"] in (None, session) and entry["clinic_id"] == slot["clinic_id"]
            in_time = entry["earliest_on"] <= days[session] <= entry["latest_on"]
            if wanted and in_time and (session, entry["patient_id"]) not in had:
                yield f"slot {session} has a free place while waitlist entry {entry['entry_id']} waits for it"
