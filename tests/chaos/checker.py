"""The checker: which invariant holds, which does not, and what exactly is wrong.

It judges evidence and nothing else, so whatever it is given it gives the same verdict.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos import judging_commands, judging_delivery, judging_rules
from tests.chaos.evidence import Evidence

SAME_STATE = 12


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One thing that is wrong, by the number of the invariant it breaks."""

    invariant: int
    what: str


INVARIANTS: dict[int, Callable[[Evidence], Iterator[str]]] = {
    1: judging_commands.places,
    2: judging_commands.acknowledged,
    3: judging_commands.repeats,
    4: judging_commands.first_come,
    5: judging_rules.beds,
    6: judging_rules.money,
    7: judging_delivery.published,
    8: judging_delivery.effects,
    9: judging_rules.tasks,
    10: judging_delivery.poison,
    11: judging_rules.agreement,
}


def check(evidence: Evidence) -> list[Violation]:
    """Every violation, in order. The empty list is a good run."""
    return sorted({Violation(number, what) for number, judge in INVARIANTS.items() for what in judge(evidence)})


def compare(before: dict[str, str], after: dict[str, str], when: str) -> list[Violation]:
    """12. Topics replayed from zero, or a backup restored, give the same state hash; `when` says which, in words."""
    return [
        Violation(SAME_STATE, f"{table} is not what it was {when}")
        for table in sorted(before.keys() | after.keys())
        if before.get(table) != after.get(table)
    ]
