"""The report's format, `journey demo --report FILE`; its JSON Schema is made from here.

Money in fen, seconds as numbers. fund + patient = lines total; account + cash = patient; cash = deposit - refund + paid
at the bedside.
"""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class Rejected(BaseModel):
    """A row of the recording that could not be read."""

    file: str
    line: int
    reason: str


class Bookings(BaseModel):
    """What became of the recorded visits; follow-up's own bookings are counted apart."""

    booked: int
    cancelled: int
    arrived: int
    completed: int


class Waitlist(BaseModel):
    """Who waited for a place where everything was full, follow-up's visits among them."""

    joined: int
    offered: int
    filled: int


class Queue(BaseModel):
    """Who checked in and was called; the wait is from check-in to the first call."""

    checked_in: int
    called: int
    mean_wait_minutes: float
    within_target: int = Field(description="called within 20 minutes")


class Tasks(BaseModel):
    """Follow-up tasks that fell due, and those that were done."""

    due: int
    done: int


class ExamFigures(BaseModel):
    """What exam planning came to."""

    orders: int
    exams: int
    done: int
    visits: int = Field(description="comings to a campus on a day")
    visits_compared: int = Field(description="of orders whose exams could all have been booked by themselves")
    visits_one_by_one: int = Field(description="what booking each exam by itself would have taken these")


class SettlementFigures(BaseModel):
    """One settlement as the discharge service stores it, with the case that it was computed from."""

    encounter_id: UUID
    encounter_ids: list[UUID]
    pack: str
    pack_version: str
    lines_total_fen: int
    in_scope_fen: int
    fund_pay_fen: int
    patient_pay_fen: int
    account_pay_fen: int
    cash_fen: int
    deposit_fen: int
    refund_fen: int
    paid_at_bedside_fen: int
    journal_balanced: bool
    case: dict[str, Any] = Field(description="in the format of settlement-case.schema.json")


class Totals(BaseModel):
    """Sums over all settlements."""

    lines_total_fen: int
    fund_pay_fen: int
    patient_pay_fen: int


class BedReason(BaseModel):
    """A term of a score, or a soft rule that the bed does not keep in full, in points."""

    name: str
    points: float


class BedProposal(BaseModel):
    """A bed that a round proposes, and why. Margins are the points that the next best lacks."""

    encounter_id: UUID
    bed_id: str
    tier: int
    score: float
    terms: list[BedReason]
    concessions: list[BedReason]
    runner_up_bed_id: str | None
    margin: float | None
    rival_encounter_id: UUID | None
    rival_margin: float | None


class MorningRound(BaseModel):
    """All recorded stays as if they had asked for a bed on one morning; nobody is proposed anything by it."""

    patients: int
    placed: int
    gap: float = Field(description="how much more the round could have reached at most, as a share")
    policy_version: str
    proposals: list[BedProposal]


class Part(BaseModel):
    """A broker or a database server."""

    kind: str
    version: str


class Seconds(BaseModel):
    """How long it took on the wall clock. `install` is 0 when nothing had to be installed."""

    install: float
    start: float
    play: float


class Report(BaseModel):
    """One run of the demo."""

    patients: int
    encounters: dict[str, int] = Field(description="by class, as the services store them")
    not_covered: dict[str, int] = Field(description="encounters of classes that the demo does not play")
    rejected_rows: list[Rejected]
    bookings: Bookings
    bookings_from_followup: int
    waitlist: Waitlist
    queue: Queue
    admissions: int
    bed_days: int
    plans_opened: int
    tasks: Tasks
    exams: ExamFigures
    settlements: list[SettlementFigures]
    totals: Totals
    morning_round: MorningRound
    events: dict[str, int] = Field(description="by type, counted on the topics")
    dead_letters: int
    outbox_left: int
    consumer_lag: int
    checks: dict[str, bool]
    kafka: Part
    postgres: Part
    seconds: Seconds


def generated() -> dict[str, Any]:
    """The JSON Schema of the report."""
    schema = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:carejourney:demo-report:1", **schema}
