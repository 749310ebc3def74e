"""What is kept of a round: what it was for, how many it placed, its certificate, and the longest waits it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.beds.allocation.agenda import Agenda, Kind
from services.beds.allocation.model import Answer
from services.beds.requests import model as requests_model


@dataclass(frozen=True, slots=True, kw_only=True)
class BedRound:
    """A round that was written. `soon`: beds among `beds` that were not free yet; `proposed` are new proposals.

    `longest_waits`: urgency → the longest wait beside the longest that is allowed; above 1 somebody is overdue.
    """

    round_no: int
    kind: Kind
    policy_version: str
    waiting: int
    beds: int
    soon: int
    placed: int
    proposed: int
    bound: float
    achieved: float
    seconds: float
    longest_waits: Mapping[str, float]
    ended_at: datetime

    @property
    def gap(self) -> float:
        """How much more could at most be reached, as a share of the bound."""
        return (self.bound - self.achieved) / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundWanted:
    """A round that somebody has asked for."""

    kind: Kind


def record(asked: Agenda, answer: Answer, proposed: int, now: datetime) -> BedRound:
    """A round that is over."""
    pool, question = asked.pool, asked.question
    waits = requests_model.longest_waits(question.waiting, question.policy)
    return BedRound(
        round_no=pool.last_round_no + 1,
        kind=pool.kind,
        policy_version=question.policy.version,
        waiting=len(question.waiting),
        beds=len(question.places),
        soon=len(pool.soon),
        placed=len(answer.assigned),
        proposed=proposed,
        bound=answer.bound,
        achieved=answer.achieved,
        seconds=answer.seconds,
        longest_waits={str(one.urgency): one.ratio for one in waits},
        ended_at=now,
    )
