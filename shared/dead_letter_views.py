"""How parked events are shown to an operator: where from, why, how often tried; never what is in them."""

from datetime import datetime

from pydantic import BaseModel


class ParkedView(BaseModel):
    """A parked event: where it came from and why it lies here. `attempts` counts redrives that failed."""

    id: int
    fingerprint: str
    topic: str
    partition: int
    offset: int
    aggregate: str | None
    type: str | None
    reason: str
    attempts: int
    parked_at: datetime


class OneView(ParkedView):
    """The same, with its headers: ids, types and times."""

    headers: list[tuple[str, str | None]]
    value_bytes: int | None


class GroupView(BaseModel):
    """Events of one type that fail for one reason, and how many queue behind them."""

    fingerprint: str
    type: str | None
    reason: str
    events: int
    behind: int
    attempts: int
    first_at: datetime
    last_at: datetime


class DecisionView(BaseModel):
    """What somebody decided about a parked event. `fault` is why a redrive changed nothing."""

    decided_at: datetime
    who: str
    action: str
    fault: str | None
    topic: str
    partition: int
    offset: int
    aggregate: str | None
    type: str | None


class Resolved(BaseModel):
    """How many parked events were taken or dropped."""

    events: int
