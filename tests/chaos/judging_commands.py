"""Invariants 1 to 4: what clients were told against what the services remember and hold.

Each function yields one sentence a violation, with the ids that somebody needs to look further.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

from services.registration.booking.model import TAKES_A_PLACE
from tests.chaos import judging_exams, judging_queue, judging_waitlist
from tests.chaos.evidence import Evidence, Row
from tests.chaos.history import NOT_REMEMBERED, Answer, Command

PLACES = frozenset(TAKES_A_PLACE)
TAKING = ("/holds", "/appointments")
SETTLING = "/settlement"
"""The answer to settling says how the settlement stands now, so a repeat may be told more."""
STALE = "stale"


def places(evidence: Evidence) -> Iterator[str]:
    """1. No slot oversold, offers counted; ordinals unique; one live booking per patient and session."""
    by_slot = evidence.by("registration", "appointment", "session_id", "slot_starts_at")
    for slot in evidence.table("registration", "slot"):
        there = by_slot.get((slot["session_id"], slot["starts_at"]), [])
        live = sum(one["status"] in PLACES for one in there)
        where = f"slot {slot['session_id']} {slot['starts_at']:%d %H:%M}"
        if live > slot["capacity"]:
            yield f"{where} has {slot['capacity']} places and {live} live appointments"
        if live != slot["booked"]:
            yield f"{where} counts {slot['booked']} booked and has {live} live appointments"
        for ordinal, times in Counter(one["ordinal"] for one in there).items():
            if times > 1:
                yield f"{where} gave out ordinal {ordinal} {times} times"
    live_ones = [one for one in evidence.table("registration", "appointment") if one["status"] in PLACES]
    for (patient, session), times in Counter((one["patient_id"], one["session_id"]) for one in live_ones).items():
        if times > 1:
            yield f"patient {patient} has {times} live appointments in session {session}"
    yield from judging_waitlist.offers(evidence)
    yield from judging_exams.plans(evidence)
    yield from judging_queue.tickets(evidence)


def acknowledged(evidence: Evidence) -> Iterator[str]:
    """2. No acknowledged command lost; none unasked for; every unknown resolves through its key."""
    kept = {(service, row["key"]): row for service in evidence.rows for row in evidence.table(service, "command")}
    asked = {(command.service, command.key) for command in evidence.asked}
    for command in evidence.asked:
        row = kept.get((command.service, command.key))
        who = f"{command.service} {command.method} {command.path} ({command.name}, key {command.key})"
        if command.answer is None:
            yield f"{who} was sent and never resolved"
        elif row is None and _stands(command.answer):
            yield f"{who} was answered {command.answer.status} and is not remembered: it is lost"
        elif row is not None and bytes(row["body_hash"]) != command.body_hash:
            yield f"{who} is remembered with another body"
        for status in command.unfit:
            yield f"{who} was answered {status}, which tells neither what has happened nor to ask again"
    for service, key in kept.keys() - asked:
        yield f"{service} remembers key {key}, which no client ever sent"
    yield from _effects(evidence)
    yield from judging_exams.told(evidence)
    yield from judging_waitlist.told(evidence)
    yield from judging_waitlist.sessions(evidence)
    yield from judging_queue.told(evidence)


def repeats(evidence: Evidence) -> Iterator[str]:
    """3. Same key, same answer, one effect; same key with another body, refused."""
    for command in evidence.recent:
        who = f"{command.service} {command.name} (key {command.key})"
        told = {(answer.status, answer.body) for answer in command.answers if _stands(answer)}
        if len(told) > 1 and not command.path.endswith(SETTLING):
            yield f"{who} got {len(told)} different answers under one key: {sorted({status for status, _ in told})}"
        for answer in command.other_body:
            if answer.code != "idempotency-key-reused":
                yield f"{who} came with another body and was answered {answer.status} {answer.code}"
    taking = {f"command:{one.key}": one for one in evidence.asked if one.acknowledged and one.path in TAKING}
    caused = Counter(event.cause for event in evidence.events() if event.cause in taking)
    for cause, command in taking.items():
        if caused[cause] != 1:
            yield f"{command.name} ({cause}) took effect {caused[cause]} times by the events it caused"
    yield from judging_queue.once(evidence)


def first_come(evidence: Evidence) -> Iterator[str]:
    """4. First come, first served inside a slot: who was answered before another asked has the lower ordinal."""
    by_slot: dict[tuple[str, str], list[tuple[Command, int]]] = defaultdict(list)
    for command in evidence.recent:
        if command.acknowledged and command.path in TAKING:
            answer = command.answer.json
            slot = answer["session_id"], answer["slot_starts_at"]
            by_slot[slot].append((command, answer["ordinal"]))
    for slot, taken in by_slot.items():
        for (one, ordinal), (other, other_ordinal) in combinations(taken, 2):
            for (first, number), (second, next_number) in (
                ((one, ordinal), (other, other_ordinal)),
                ((other, other_ordinal), (one, ordinal)),
            ):
                if (first.answered_at or 0) < second.sent_at and number > next_number:
                    yield f"slot {slot[0]} {slot[1]}: {first.name} had its answer before {second.name} asked"
    yield from judging_waitlist.ranks(evidence)
    yield from judging_queue.turns(evidence)


def _effects(evidence: Evidence) -> Iterator[str]:
    """What an acknowledged command says it made is there."""
    there = {
        "appointment_id": _ids(evidence.table("registration", "appointment"), "appointment_id"),
        "charge_id": _ids(evidence.table("discharge", "charge"), "charge_id"),
        "attempt_id": _ids(evidence.table("followup", "attempt"), "attempt_id"),
    }
    patients = _ids(evidence.table("registration", "patient"), "patient_id")
    for command in evidence.asked:
        if not command.acknowledged:
            continue
        if command.path == "/patients" and command.answer.json["patient_id"] not in patients:
            yield f"{command.name} was acknowledged and its patient is not in the register"
        answer = command.answer.json
        for made in answer if isinstance(answer, list) else [answer]:
            for column, ids in there.items():
                if made.get(column) is not None and made[column] not in ids:
                    yield f"{command.name} was acknowledged and its {column} {made[column]} does not exist"


def _ids(rows: "list[Row]", column: str) -> frozenset[str]:
    return frozenset(str(row[column]) for row in rows)


def _stands(answer: Answer) -> bool:
    """Whether the services promise to give this answer again."""
    if answer.status in NOT_REMEMBERED:
        return False
    return answer.code not in {STALE, "centre-unreachable", "centre-declined", "settlement-reversed"}
