"""A line of the desk's list, put together from a row of columns and the patient's place in the queue."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from services.beds.coordination.entries import Call, Entry, Exams, Prepared, Proposed, Ranking, Reserved, call_state
from services.beds.coordination.model import Answer, Attention, ExamState
from services.beds.preparation import items as lists
from services.beds.preparation import model as preparation
from services.beds.preparation.model import State, When
from services.beds.requests.model import SECONDS_AN_HOUR, Phase, Ranked
from services.beds.scoring import hard_rules

Columns = Mapping[str, Any]
Codes = tuple[str, ...]


def entry_of(row: Columns, ranked: Ranked | None, now: datetime) -> Entry:
    """The line of one request; `ranked` as far as it waits."""
    urgent = row["immediate"] or row["triage"] in hard_rules.URGENT_TRIAGE
    return Entry(
        request_id=row["request_id"],
        patient_id=row["patient_id"],
        source=row["source"],
        specialty=row["specialty"],
        campus_id=row["campus_id"],
        triage=row["triage"],
        tier=0 if urgent else 1,
        phase=Phase(row["phase"]),
        requested_at=row["requested_at"],
        waited_hours=max(0.0, (now - row["requested_at"]).total_seconds() / SECONDS_AN_HOUR),
        ranking=_ranking(ranked) if ranked else None,
        proposed=_proposed(row),
        without_bed=row["reasons"] if row["proposed_bed_id"] is None else None,
        reserved=_reserved(row),
        call=_call(row, now),
        exams=_exams(row),
        prepared=_prepared(row, now),
        attention=Attention(row["attention"]) if row["attention"] else None,
        attention_at=row["attention_at"],
    )


def _ranking(ranked: Ranked) -> Ranking:
    return Ranking(rank=ranked.rank, points=ranked.points, terms=ranked.terms, policy_version=ranked.policy_version)


def _proposed(row: Columns) -> Proposed | None:
    if row["proposed_bed_id"] is None or row["phase"] != Phase.WAITING:
        return None
    return Proposed(
        bed_id=row["proposed_bed_id"],
        ward_id=row["proposed_ward_id"],
        score=row["score"],
        proposed_at=row["proposed_at"],
    )


def _reserved(row: Columns) -> Reserved | None:
    if row["reserved_bed_id"] is None:
        return None
    answered = row["answered_version"] == row["stay_version"]
    return Reserved(
        bed_id=row["reserved_bed_id"],
        ward_id=row["reserved_ward_id"],
        held_until=row["held_until"],
        answer=Answer(row["answer"]) if answered else None,
    )


def _call(row: Columns, now: datetime) -> Call:
    return Call(
        state=call_state(row["call_status"], row["call_late_at"], now),
        due_at=row["call_due_at"],
        late_at=row["call_late_at"],
        outcome=row["call_outcome"],
        recorded_at=row["call_recorded_at"],
        next_due_at=row["call_next_due_at"],
    )


def _exams(row: Columns) -> Exams:
    return Exams(
        state=ExamState(row["exams_state"] or ExamState.NONE),
        exams=row["exams"] or 0,
        last_ends_at=row["exams_end_at"],
        reason=row["exams_reason"],
    )


def _prepared(row: Columns, now: datetime) -> Prepared:
    version = row["items_version"] or lists.on(now.date()).version
    items, still_open, missing = _standing(version, row["source"], frozenset((row["states"] or {}).items()))
    return Prepared(items=items, open=still_open, missing=missing, consents=row["consents"] or {})


@lru_cache(maxsize=4096)
def _standing(version: str, source: str, states: frozenset[tuple[str, str]]) -> tuple[int, Codes, Codes]:
    """How many items there are, which are open, and which of those are mandatory: hundreds of lines stand alike."""
    items = lists.shipped()[version]
    known = {item: State(state) for item, state in states}
    still_open = preparation.open_items(known, items)
    return len(items.items), still_open, preparation.missing(known, items, source, tuple(When))
