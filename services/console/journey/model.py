"""How a patient's events become a journey: chains, each begun by one command or instant, with effects under causes.

Invariants: every event is in the journey once; a cause stands before its effects; chains are in the order in which they
began; nothing depends on the order in which events were read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from services.console.projection.model import Happening

RUN = 4
"""So many chains of one like event in a row are folded into one line."""


class Cause(StrEnum):
    """What began a chain."""

    COMMAND = "command"
    TIME = "time"
    EVENT = "event"


@dataclass(slots=True)
class Step:
    """An event with what it caused. `after_hidden` is true where events between it and its cause are filtered out."""

    happening: Happening
    after_hidden: bool = False
    effects: list["Step"] = field(default_factory=list)

    def walk(self) -> Iterator["Step"]:
        """The step, then its effects, depth first."""
        yield self
        for effect in self.effects:
            yield from effect.walk()


@dataclass(slots=True)
class Chain:
    """What followed from one cause. `causation_id` names it; `cause_type` is set where an event elsewhere is known."""

    cause: Cause
    causation_id: str
    cause_type: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def began_at(self) -> datetime:
        """When its first shown event happened."""
        return self.steps[0].happening.occurred_at

    def walk(self) -> Iterator[Step]:
        """Every step, causes before effects."""
        for step in self.steps:
            yield from step.walk()


@dataclass(frozen=True, slots=True)
class Run:
    """Like chains in a row, such as the thirty charges of a stay. `amount_fen` is their sum where they have amounts."""

    type: str
    chains: tuple[Chain, ...]
    amount_fen: int | None

    @property
    def began_at(self) -> datetime:
        """When the first of them happened."""
        return self.chains[0].began_at


def journey(happenings: Iterable[Happening], elsewhere: Mapping[UUID, str], service: str | None) -> list[Chain | Run]:
    """The journey of these events; `elsewhere` names events of others that caused some of them.

    With `service` only its events are shown, each under the nearest cause that is.
    """
    ordered = sorted(happenings, key=lambda one: (one.occurred_at, one.event_id))
    known = {one.event_id: one for one in ordered}
    steps: dict[UUID, Step] = {}
    chains: dict[str, Chain] = {}
    for one in _causes_first(ordered, known):
        if service is not None and one.service != service:
            continue
        step = steps[one.event_id] = Step(one)
        cause_id, began, step.after_hidden = _nearest_shown(one, known, steps)
        if cause_id is not None:
            steps[cause_id].effects.append(step)
            continue
        key = f"{began.causation_id}" if began.causation_id != str(began.event_id) else f"time:{began.event_id}"
        chain = chains.get(key)
        if chain is None:
            chain = chains[key] = _chain(began, elsewhere)
        chain.steps.append(step)
    return _folded(list(chains.values()))


def causes_elsewhere(happenings: Sequence[Happening]) -> list[UUID]:
    """Ids of events that caused some of these and are not among them."""
    known = {one.event_id for one in happenings}
    causes = {cause for one in happenings if (cause := event_id_of(one.causation_id)) is not None}
    return sorted(causes - known)


def event_id_of(causation_id: str) -> UUID | None:
    """The event that a causation id names; None for a command or a request."""
    try:
        return UUID(causation_id)
    except ValueError:
        return None


def _causes_first(ordered: Sequence[Happening], known: Mapping[UUID, Happening]) -> Iterator[Happening]:
    """In the given order, but a cause before its effect even where two machines' clocks disagree."""
    told: set[UUID] = set()
    for one in ordered:
        line = [one]
        while (cause := _cause(line[-1], known)) is not None and cause.event_id not in told and cause not in line:
            line.append(cause)
        for each in reversed(line):
            if each.event_id not in told:
                told.add(each.event_id)
                yield each


def _cause(one: Happening, known: Mapping[UUID, Happening]) -> Happening | None:
    cause_id = event_id_of(one.causation_id)
    return known.get(cause_id) if cause_id is not None and cause_id != one.event_id else None


def _nearest_shown(
    one: Happening, known: Mapping[UUID, Happening], steps: Mapping[UUID, Step]
) -> tuple[UUID | None, Happening, bool]:
    """The nearest shown cause's id, or None; the event at which the search ended; whether any were passed over."""
    at, hidden = one, False
    seen = {one.event_id}
    while (cause := _cause(at, known)) is not None and cause.event_id not in seen:
        if cause.event_id in steps:
            return cause.event_id, cause, hidden
        seen.add(cause.event_id)
        at, hidden = cause, True
    return None, at, hidden


def _chain(began: Happening, elsewhere: Mapping[UUID, str]) -> Chain:
    cause_id = event_id_of(began.causation_id)
    if cause_id is None:
        return Chain(Cause.COMMAND, began.causation_id)
    if cause_id == began.event_id:
        return Chain(Cause.TIME, began.causation_id)
    return Chain(Cause.EVENT, began.causation_id, elsewhere.get(cause_id))


def _folded(chains: list[Chain]) -> list[Chain | Run]:
    """Runs of like single events as one."""
    shown: list[Chain | Run] = []
    for single_type, group in groupby(chains, key=_single_type):
        members = tuple(group)
        if single_type is not None and len(members) >= RUN:
            shown.append(Run(single_type, members, _sum(members)))
        else:
            shown.extend(members)
    return shown


def _single_type(chain: Chain) -> str | None:
    """The event type of a chain that is one event and nothing else."""
    alone = len(chain.steps) == 1 and not chain.steps[0].effects
    return chain.steps[0].happening.type if alone else None


def _sum(chains: Sequence[Chain]) -> int | None:
    amounts = [step.happening.fields.get("amount_fen") for chain in chains for step in chain.steps]
    known = [amount for amount in amounts if isinstance(amount, int)]
    return sum(known) if len(known) == len(amounts) else None
