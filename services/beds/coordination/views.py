"""What the desk's list looks like outside."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.beds.coordination.entries import CallState, Entry
from services.beds.coordination.model import Answer, Attention, ExamState
from services.beds.requests.model import Phase


class Part(BaseModel, from_attributes=True):
    """Made from a part of an entry."""


class ReasonView(Part):
    """One term of the patient's own score: weight times value."""

    name: str
    weight: float
    value: float
    points: float
    assumed: bool = Field(description="the value stands in for one that nobody has given yet")


class RankingView(Part):
    """The place in the queue, and why."""

    rank: int
    points: float
    terms: list[ReasonView]
    policy_version: str


class ProposedView(Part):
    """The bed that the last round suggests."""

    bed_id: str
    ward_id: str
    score: float
    proposed_at: AwareDatetime


class ReservedView(Part):
    """The bed that is kept."""

    bed_id: str
    ward_id: str
    held_until: AwareDatetime
    answer: Answer | None = Field(description="what the patient says to it; null: nothing yet")


class CallView(Part):
    """The call-backs, as followup tells of them."""

    state: CallState
    due_at: AwareDatetime | None
    late_at: AwareDatetime | None
    outcome: str | None
    recorded_at: AwareDatetime | None
    next_due_at: AwareDatetime | None


class ExamsView(Part):
    """The exams before admission, as registration tells of them."""

    state: ExamState
    exams: int
    last_ends_at: AwareDatetime | None
    reason: str | None


class PreparedView(Part):
    """How far the admission is prepared."""

    items: int
    open: list[str]
    missing: list[str] = Field(description="the mandatory ones among the open items")
    consents: dict[str, str]


class EntryView(Part):
    """One line of the desk's list."""

    request_id: UUID
    patient_id: UUID
    source: str
    specialty: str
    campus_id: str
    triage: int | None
    tier: int = Field(description="0 goes before everybody of tier 1")
    phase: Phase
    requested_at: AwareDatetime
    waited_hours: float
    ranking: RankingView | None = Field(description="null where a bed is reserved")
    proposed: ProposedView | None
    without_bed: dict[str, int] | None = Field(description="beds by the rule that each of them breaks")
    reserved: ReservedView | None
    call: CallView
    exams: ExamsView
    prepared: PreparedView
    attention: Attention | None = Field(description="why a person has to look")
    attention_at: AwareDatetime | None
    actions: dict[str, str] = Field(default={}, description="what can be done now: name → method and path")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """An entry with what can be done about it."""
        view = cls.model_validate(entry)
        view.actions = actions(entry)
        return view


class WorklistView(BaseModel):
    """A page of the list; `total` and `attention` count all that were asked for."""

    total: int
    attention: int = Field(description="how many of them ask for a person")
    offset: int
    limit: int
    entries: list[EntryView]


class DoneView(Part):
    """Where the request stands now."""

    request_id: UUID
    phase: Phase
    attention: Attention | None


class FiguresView(BaseModel):
    """How many patients confirmed the reserved bed by themselves. Elective requests only."""

    reserved: int = Field(description="requests for which a bed was reserved")
    confirmed_by_app: int
    declined: int
    self_service_share: float | None = Field(description="the target is 0.7; null before the first reservation")


def actions(entry: Entry) -> dict[str, str]:
    """What can be done about an entry as it stands."""
    own = f"/requests/{entry.request_id}"
    found = {"withdraw": f"POST /desk{own}/withdrawal", "prepare": f"POST /preparation/{entry.request_id}/marks"}
    if entry.phase is Phase.WAITING:
        found |= {"explain": f"GET {own}/proposal", "reserve-by-hand": "POST /stays"}
    if entry.proposed is not None:
        found["accept"] = f"POST {own}/acceptance"
    if entry.reserved is not None:
        found |= {"answer": f"POST /desk{own}/answer", "admit": f"POST /stays/{entry.request_id}/admission"}
    if entry.attention is not None:
        found["acknowledge"] = f"POST /desk{own}/acknowledgement"
    return found
