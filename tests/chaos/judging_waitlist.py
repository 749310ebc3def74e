"""Invariants 1, 2 and 4 for waiting: offers are kept, places do not rot, old bookings end with the new, ranks hold.

That no slot is oversold with its offers, and no place given out twice, `judging_commands.places` sees: an offer is an
appointment like another. Each function yields one sentence a violation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from services.registration.booking.model import TAKES_A_PLACE
from services.registration.waitlist.policy import POLICY
from tests.chaos.evidence import Evidence, Row
from tests.chaos.history import Command
from tests.chaos.records import Said

NO_TIME_LEFT = POLICY.cut_off + min(step.left for step in POLICY.steps)
WAITLIST, APPOINTMENTS, CANCELLATION = "/waitlist", "/appointments/", "/cancellation"
EXTRA_PLACES = "/extra-places"
FINAL = frozenset({"accepted", "declined", "expired", "left", "lapsed"})
GOT = frozenset({"offered", "accepted", "declined", "expired"})
"""An entry in one of these was offered a place, or given one."""
BOOKED, CANCELLED = "registration.appointment-booked.v1", "registration.appointment-cancelled.v1"


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
        if entry["status"] == "offered" and evidence.now and entry["offered_until"] <= evidence.now:
            yield f"the offer of waitlist entry {entry['entry_id']} is over and its place is kept on"
        if entry["status"] == "offered" and entry.get("auto_accept"):
            yield f"waitlist entry {entry['entry_id']} was to be booked unasked and has still an offer"
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


def told(evidence: Evidence) -> Iterator[str]:
    """2. An entry stands as its patient was told; an old booking ends when the new one is confirmed, not before."""
    entries = {str(entry["entry_id"]): entry for entry in evidence.table("registration", "waitlist_entry")}
    changed: dict[tuple[str, int], Command] = {}
    for command in evidence.asked:
        if not (command.path.startswith(WAITLIST) and command.acknowledged):
            continue
        said = command.answer.json
        entry_id, status, version = said["entry_id"], said["status"], said["version"]
        entry, other = entries.get(entry_id), changed.setdefault((entry_id, version), command)
        if entry is None:
            yield f"{command.name} was acknowledged and waitlist entry {entry_id} does not exist"
        elif entry["version"] < version or (
            entry["status"] != status and (entry["version"] == version or status in FINAL)
        ):
            yield f"{command.name} was told that waitlist entry {entry_id} is {status}: it is {entry['status']}"
        if other is not command:
            yield f"{other.name} and {command.name} both made version {version} of waitlist entry {entry_id}"
    yield from _replacements(evidence)


def _replacements(evidence: Evidence) -> Iterator[str]:
    appointments = {one["appointment_id"]: one for one in evidence.table("registration", "appointment")}
    given_back = {
        command.path.removeprefix(APPOINTMENTS).removesuffix(CANCELLATION)
        for command in evidence.asked
        if command.acknowledged and command.path.endswith(CANCELLATION)
    }
    events = evidence.events()
    booked = {event.aggregate.partition("/")[2]: event for event in events if event.type == BOOKED}
    cancelled = {event.aggregate.partition("/")[2]: event for event in events if event.type == CANCELLED}
    by_old: dict[object, list[Row]] = defaultdict(list)
    for entry in evidence.table("registration", "waitlist_entry"):
        if entry.get("replaces_appointment_id") is not None:
            by_old[entry["replaces_appointment_id"]].append(entry)
    for old_id, waiting in by_old.items():
        old, accepted = appointments.get(old_id), [one for one in waiting if one["status"] == "accepted"]
        status = old["status"] if old else "gone"
        if accepted and status in TAKES_A_PLACE:
            yield f"waitlist entry {accepted[0]['entry_id']} has its place and the old appointment {old_id} is {status}"
        if str(old_id) in given_back or status != "cancelled":
            continue
        if not accepted:
            yield f"appointment {old_id} has ended for a place that waitlist entry {waiting[0]['entry_id']} has not got"
        elif not _follows(cancelled.get(str(old_id)), [booked.get(str(one["appointment_id"])) for one in accepted]):
            yield f"appointment {old_id} has ended before the one that replaces it was confirmed"


def _follows(ended: Said | None, confirmed: list[Said | None]) -> bool:
    """Whether the end was said behind one of the confirmations. All of a patient's events are in one partition."""
    places = [(one.partition, one.offset) for one in confirmed if one is not None]
    return ended is None or any(place < (ended.partition, ended.offset) for place in places)


def ranks(evidence: Evidence) -> Iterator[str]:
    """4. Who was told that they wait before another asked is not still waiting when the other was offered a place.

    Who has had a place in the session is not asked: they may have been passed over when they gave it back.
    """
    entries = {str(entry["entry_id"]): entry for entry in evidence.table("registration", "waitlist_entry")}
    had = {(one["session_id"], one["patient_id"]) for one in evidence.table("registration", "appointment")}
    joined: dict[object, list[tuple[Command, Row]]] = defaultdict(list)
    for command in evidence.recent:
        if command.path == WAITLIST and command.acknowledged:
            entry = entries.get(command.answer.json["entry_id"])
            if entry is not None and entry["session_id"] is not None:
                joined[entry["session_id"]].append((command, entry))
    for session, waiting in joined.items():
        passed_over = [
            command
            for command, entry in waiting
            if (entry["status"], entry["version"]) == ("waiting", 1) and (session, entry["patient_id"]) not in had
        ]
        for first in passed_over:
            for second, other in waiting:
                if other["status"] in GOT and (first.answered_at or 0) < second.sent_at:
                    yield f"{first.name} waits for session {session} before {second.name}, who was offered a place"


def sessions(evidence: Evidence) -> Iterator[str]:
    """2. A session has the extra places that were given, each once, and no others."""
    slots = evidence.by("registration", "slot", "session_id")
    given: dict[str, list[Command]] = defaultdict(list)
    for command in evidence.asked:
        if command.path.endswith(EXTRA_PLACES) and command.acknowledged:
            given[command.answer.json["session_id"]].append(command)
    for session in evidence.table("registration", "session"):
        key, commands = session["session_id"], given.get(str(session["session_id"]), [])
        places = sum(slot["capacity"] for slot in slots.get(key, []))
        if session["places"] != places:
            yield f"session {key} says {session['places']} places and its slots have {places}"
        if session["version"] != 1 + len(commands):
            yield f"session {key} has version {session['version']} and was given places {len(commands)} times"
        last = max((command.answer.json for command in commands), key=lambda said: said["version"], default=None)
        if last is not None and last["places"] != session["places"]:
            yield f"session {key} was last said to have {last['places']} places and has {session['places']}"
