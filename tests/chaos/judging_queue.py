"""Invariants 1 to 4 for the queue in front of a sitting: nobody lost, nobody called by two desks, each in their turn.

A ticket has a version for each thing that was done with it, and each of them was a client's command: what the clients
were told has to give the ticket's whole life, step by step. Each function yields one sentence a violation.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import inf
from typing import Any

from tests.chaos.evidence import Evidence, Row
from tests.chaos.history import Command

PATH = re.compile(r"/(?:queue|sessions|appointments)/[^/]+/([a-z-]+)")
ARRIVAL, COMPLETION = "arrival", "completion"
CALL, RECALL, SKIP, AWAY, RETURN, END = "calls", "recall", "skip", "no-show", "return", "end"
NOBODY_WAITS = "nobody-waits"
STANDS = {
    CALL: {"waiting"},
    RECALL: {"called"},
    SKIP: {"called"},
    AWAY: {"called"},
    RETURN: {"seen"},
    END: {"called"},
    COMPLETION: {"waiting", "called"},
}
"""How a ticket has to stand for each thing that can be done with it."""
MAKES = {
    CALL: "called",
    RECALL: "called",
    SKIP: "waiting",
    AWAY: "missed",
    RETURN: "waiting",
    END: "seen",
    COMPLETION: "seen",
}
TELLS = frozenset({CALL, RECALL, SKIP, RETURN})
"""What says an event of the ticket's own; the others are its appointment's, or nobody's."""
BY_APPOINTMENT = {"arrived": {"waiting", "called"}, "completed": {"seen", "waiting", "called"}, "missed": {"missed"}}
"""How a ticket stands by how its appointment stands; who is back with results stays completed."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an acknowledged command did with a ticket, and the version that it made; 0 is not known yet."""

    command: Command
    word: str
    said: dict[str, Any]
    version: int


def tickets(evidence: Evidence) -> Iterator[str]:
    """1. Who has checked in is in the queue, once, under a number of their own; a desk has one patient called."""
    sitting = _sittings(evidence)
    rows = {row["appointment_id"]: row for row in evidence.table("registration", "queue_ticket")}
    for appointment in evidence.table("registration", "appointment"):
        key, status = appointment["appointment_id"], appointment["status"]
        if appointment.get("arrived_at") is None:
            continue
        if key not in rows:
            yield f"appointment {key} has checked in and is in no queue"
        elif rows[key]["status"] not in BY_APPOINTMENT.get(status, set()):
            yield f"appointment {key} is {status} and its ticket is {rows[key]['status']}"
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows.values():
        numbers[sitting(row["session_id"])].append(row["number"])
    for row in evidence.table("registration", "session_queue"):
        found = sorted(numbers.pop(str(row["session_id"]), []))
        if found != list(range(1, row["numbers"] + 1)):
            yield f"sitting {row['session_id']} gave out {row['numbers']} numbers and its tickets have {found}"
    yield from (f"sitting {key} has tickets and no queue" for key in numbers)
    busy = Counter((sitting(row["session_id"]), row["desk"]) for row in rows.values() if row["status"] == "called")
    for (key, desk), times in busy.items():
        if times > 1:
            yield f"desk {desk} of sitting {key} has {times} patients called"
    yield from _at_once(evidence)
    yield from _overlooked(evidence)


def told(evidence: Evidence) -> Iterator[str]:
    """2. A ticket has lived through what was acknowledged, each step from where it stood, and through nothing else."""
    steps, arrivals = _steps(evidence), _arrivals(evidence)
    rows = {str(row["appointment_id"]): row for row in evidence.table("registration", "queue_ticket")}
    for key, row in rows.items():
        mine = steps.get(key, [])
        if len(arrivals[key]) != 1:
            yield f"ticket {key} is of one patient and {len(arrivals[key])} times somebody was checked in"
        if row["version"] != 1 + len(mine):
            yield f"ticket {key} has version {row['version']} and {len(mine)} commands about it were acknowledged"
        own = sum(step.word in TELLS for step in mine)
        if row["told"] != own:
            yield f"ticket {key} has said {row['told']} events and {own} commands that say one were acknowledged"
        yield from _life(key, row, mine)
    for key in (steps.keys() | arrivals.keys()) - rows.keys():
        yield f"commands about ticket {key} were acknowledged and it does not exist"
    sitting = _sittings(evidence)
    calls = Counter(sitting(step.said["session_id"]) for mine in steps.values() for step in mine if step.word == CALL)
    for row in evidence.table("registration", "session_queue"):
        made = calls[str(row["session_id"])]
        if row["calls"] != made:
            yield f"sitting {row['session_id']} counts {row['calls']} calls and {made} were acknowledged"


def once(evidence: Evidence) -> Iterator[str]:
    """3. A call, a recall, a skip and a return take effect once each, by the events that they cause."""
    steps = [step for mine in _steps(evidence).values() for step in mine if step.word in TELLS]
    wanted = {f"command:{step.command.key}": step.command for step in steps}
    caused = Counter(event.cause for event in evidence.events() if event.cause in wanted)
    for cause, command in wanted.items():
        if caused[cause] != 1:
            yield f"{command.name} ({cause}) took effect {caused[cause]} times by the events it caused"


def turns(evidence: Evidence) -> Iterator[str]:
    """4. Who was in the queue when another was called for the first time, and comes before them, was called before.

    Before is: an earlier slot, in time before late, then the lower ordinal. Only first calls count: whoever was skipped
    or is back with results is called again by another rule.
    """
    steps, arrivals, sitting = _steps(evidence), _arrivals(evidence), _sittings(evidence)
    called: dict[str, list[tuple[Row, Command, Command]]] = defaultdict(list)
    for row in evidence.table("registration", "queue_ticket"):
        key = str(row["appointment_id"])
        first = steps.get(key, [None])[0]
        if first is not None and first.word == CALL and arrivals[key]:
            called[sitting(row["session_id"])].append((row, arrivals[key][0], first.command))
    for queue in called.values():
        for one, other in combinations(sorted(queue, key=lambda line: _turn(line[0])), 2):
            (before, came, call), (after, _, sooner) = one, other
            was_there = (came.answered_at or inf) < sooner.sent_at
            if was_there and (sooner.answered_at or inf) < call.sent_at:
                yield f"{sooner.name} called number {after['number']} when number {before['number']} was next"


def _at_once(evidence: Evidence) -> Iterator[str]:
    """No desk has two patients at any moment of which the clients are sure.

    Somebody is surely called from when the call was answered until the next command about them was sent.
    """
    sitting = _sittings(evidence)
    surely: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    for mine in _steps(evidence).values():
        for step, after in zip(mine, [*mine[1:], None], strict=True):
            if MAKES[step.word] == "called" and step.command.answered_at is not None:
                until = inf if after is None else after.command.sent_at
                where = step.said["desk"], sitting(step.said["session_id"])
                surely[where].append((step.command.answered_at, until, step.command.name))
    for (desk, key), times in surely.items():
        for one, other in combinations(times, 2):
            if max(one[0], other[0]) < min(one[1], other[1]):
                yield f"desk {desk} of sitting {key} has two calls at once: {one[2]} and {other[2]}"


def _overlooked(evidence: Evidence) -> Iterator[str]:
    """No desk is told that nobody waits while somebody surely does: they would be lost."""
    steps, sitting = _steps(evidence), _sittings(evidence)
    waits: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for key, came in _arrivals(evidence).items():
        doings = [(came[0], "waiting"), *((step.command, MAKES[step.word]) for step in steps.get(key, []))]
        for (command, stands), after in zip(doings, [*doings[1:], None], strict=True):
            if stands == "waiting" and command.answered_at is not None:
                until = inf if after is None else after[0].sent_at
                waits[sitting(came[0].answer.json["session_id"])].append((command.answered_at, until, key))
    for command in evidence.asked:
        path = PATH.fullmatch(command.path)
        if path and path[1] == CALL and command.answer and command.answer.code == NOBODY_WAITS:
            for since, until, key in waits[sitting(command.path.split("/")[2])]:
                if since < command.sent_at and (command.answered_at or inf) < until:
                    yield f"{command.name} was told that nobody waits, and ticket {key} did"


def _life(key: str, row: Row, steps: list[Step]) -> Iterator[str]:
    for one, other in pairwise(steps):
        if one.version == other.version:
            yield f"{one.command.name} and {other.command.name} both made version {one.version} of ticket {key}"
    stands, desk = "waiting", None
    for step in steps:
        if stands not in STANDS[step.word] or (step.word == RECALL and step.said["desk"] != desk):
            yield f"{step.command.name} was granted for ticket {key} when it was {stands}"
        stands, desk = MAKES[step.word], step.said.get("desk")
    if row["status"] != stands:
        yield f"ticket {key} is {row['status']} and the last that was acknowledged made it {stands}"


def _turn(row: Row) -> tuple[Any, ...]:
    return row["turn_at"], row["late"], row["ordinal"], row["number"]


def _steps(evidence: Evidence) -> dict[str, list[Step]]:
    """What was acknowledged about each ticket but its checking in, in order of version."""
    steps: dict[str, list[Step]] = defaultdict(list)
    for command in evidence.asked:
        path = PATH.fullmatch(command.path) if command.acknowledged else None
        if path is not None and path[1] in STANDS:
            said = command.answer.json
            version = 0 if path[1] == COMPLETION else said["version"]
            steps[said["appointment_id"]].append(Step(command, path[1], said, version))
    return {key: _in_order(mine) for key, mine in steps.items()}


def _in_order(steps: list[Step]) -> list[Step]:
    """A completion says no version of the ticket: it made one that nobody else did."""
    known = {step.version for step in steps}
    missing = iter([version for version in range(2, len(steps) + 2) if version not in known])
    whole = [step if step.version else replace(step, version=next(missing, len(steps) + 1)) for step in steps]
    return sorted(whole, key=lambda step: step.version)


def _arrivals(evidence: Evidence) -> dict[str, list[Command]]:
    arrivals: dict[str, list[Command]] = defaultdict(list)
    for command in evidence.asked:
        if command.acknowledged and command.path.endswith(f"/{ARRIVAL}"):
            arrivals[command.answer.json["appointment_id"]].append(command)
    return arrivals


def _sittings(evidence: Evidence) -> Callable[[object], str]:
    """The sitting of a session, which has the queue; a session that is of none is one of its own."""
    known = {str(row["session_id"]): row.get("sitting_id") for row in evidence.table("registration", "session")}
    return lambda session: str(known.get(str(session)) or session)
