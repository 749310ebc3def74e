"""Invariants 7, 8 and 10: what was committed is said, what is said takes effect once and in order, what cannot is kept.

Each function yields one sentence a violation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from shared.reactions import Reactions
from tests.chaos import judging_exams
from tests.chaos.evidence import Evidence
from tests.chaos.records import Said
from tests.chaos.world import SPEAKERS

LISTENERS = (*SPEAKERS, "console")
COMPACTED = "bed-state"
VERSIONED = {
    "registration:appointment": ("registration", "appointment", "appointment_id"),
    "registration:patient": ("registration", "patient", "patient_id"),
    "registration:waitlist-entry": ("registration", "waitlist_entry", "entry_id"),
    "registration:exam-order": ("registration", "exam_order", "order_id"),
    "registration:session": ("registration", "session", "session_id"),
    "beds:stay": ("beds", "stay", "stay_id"),
    "beds:bed": ("beds", "bed", "bed_id"),
    "beds:cleaning": ("beds", "cleaning_task", "task_id"),
    "discharge:account": ("discharge", "account", "stay_id"),
    "followup:plan": ("followup", "plan", "plan_id"),
}
"""Aggregates whose row carries the version of their last event."""
QUEUE_TICKET = "registration:queue-ticket"
"""Its row counts the events of its own in `told`: what its appointment says changes it too."""


@cache
def reactions(service: str) -> Reactions:
    """What a service reacts to."""
    found: Reactions = import_module(f"services.{service}.consumers").REACTIONS
    return found


def published(evidence: Evidence) -> Iterator[str]:
    """7. Every committed outbox row is published, no ghost events."""
    for service in SPEAKERS:
        left = len(evidence.table(service, "outbox"))
        if left:
            yield f"{left} rows are still in the outbox of {service}"
    versions: dict[str, set[int]] = defaultdict(set)
    for event in evidence.events():
        if event.topic != COMPACTED:
            versions[event.aggregate].add(event.version)
    for aggregate, found in versions.items():
        missing = set(range(1, max(found) + 1)) - found
        if missing:
            yield f"{aggregate} was never told of its versions {sorted(missing)}: events are lost"
    yield from _told_and_held(evidence, versions)
    yield from judging_exams.events(evidence)


def _told_and_held(evidence: Evidence, versions: dict[str, set[int]]) -> Iterator[str]:
    """The last version said of an aggregate is the version that its row has."""
    kept = {**VERSIONED, QUEUE_TICKET: ("registration", "queue_ticket", "appointment_id")}
    for kind, (service, table, column) in kept.items():
        told = {
            aggregate.partition("/")[2]: max(found)
            for aggregate, found in versions.items()
            if aggregate.partition("/")[0] == kind
        }
        version_in = "told" if kind == QUEUE_TICKET else "version"
        held = {str(row[column]): row[version_in] for row in evidence.table(service, table)}
        for name, version in told.items():
            if version > held.get(name, 0):
                yield f"version {version} of {kind}/{name} is a ghost: {service} has {held.get(name, 'none')}"
        for name, version in held.items():
            if version > told.get(name, 0) and kind != "beds:bed":
                yield f"{service} has version {version} of {kind}/{name} and the topic ends at {told.get(name, 0)}"


def effects(evidence: Evidence) -> Iterator[str]:
    """8. Each event takes effect exactly once per consumer, in order per aggregate."""
    yield from _order(evidence)
    for service in LISTENERS:
        heard = [
            event
            for event in evidence.events()
            if event.topic in reactions(service).topics and event.type in reactions(service).types
        ]
        inbox = {row["event_id"] for row in evidence.table(service, "inbox")}
        parked = {(row["topic"], row["partition"], row["offset"]) for row in evidence.table(service, "parked")}
        for event in heard:
            if event.event_id not in inbox and (event.topic, event.partition, event.offset) not in parked:
                yield f"{service} has never taken {event.type} of {event.aggregate} version {event.version}"
        yield from _last_versions(evidence, service, heard)
    drawn = Counter(row["event_id"] for row in evidence.table("console", "event"))
    for event_id, times in drawn.items():
        if times > 1:
            yield f"the console has drawn event {event_id} {times} times"
    if evidence.rows:
        undrawn = {event.event_id for event in evidence.events() if event.topic != COMPACTED} - drawn.keys()
        if undrawn:
            yield f"the console has not drawn {len(undrawn)} events, among them {min(map(str, undrawn))}"


def _order(evidence: Evidence) -> Iterator[str]:
    last: dict[tuple[str, str], int] = {}
    for event in evidence.events():
        place = event.topic, event.aggregate
        if event.version <= last.get(place, 0):
            yield f"{event.aggregate} version {event.version} stands behind version {last[place]} on {event.topic}"
        last[place] = max(event.version, last.get(place, 0))


def _last_versions(evidence: Evidence, service: str, heard: list[Said]) -> Iterator[str]:
    """What a consumer remembers as the last version it took is the last that there is for it."""
    newest: dict[str, int] = defaultdict(int)
    for event in heard:
        newest[event.aggregate] = max(newest[event.aggregate], event.version)
    remembered = {row["aggregate"]: row["version"] for row in evidence.table(service, "aggregate_version")}
    waiting = {row["aggregate"] for row in evidence.table(service, "parked")}
    for aggregate, version in newest.items():
        if aggregate not in waiting and remembered.get(aggregate, 0) != version:
            yield f"{service} took {aggregate} up to version {remembered.get(aggregate, 0)} of {version}"


def poison(evidence: Evidence) -> Iterator[str]:
    """10. Poison is parked with its reason, never dropped, never blocks."""
    expected = {
        (service, bad.topic, bad.partition, bad.offset): bad.kind for bad in evidence.bad for service in bad.parked_by
    }
    parked = {
        (service, row["topic"], row["partition"], row["offset"]): row
        for service in LISTENERS
        for row in evidence.table(service, "parked")
    }
    letters = Counter(evidence.letters)
    for place, kind in expected.items():
        service, topic, partition, offset = place
        where = f"{topic}[{partition}]@{offset}"
        if place not in parked:
            yield f"{service} has not parked {kind} at {where}: it was dropped or still blocks"
        elif not parked[place]["reason"]:
            yield f"{service} parked {kind} at {where} without a reason"
        if letters[place] < 1:
            yield f"{service} never told of {kind} at {where} on its dead letters"
    for place in parked.keys() - expected.keys():
        row = parked[place]
        yield f"{place[0]} parked {row['type']} of {row['aggregate']} because of {row['reason']}, which was no poison"
