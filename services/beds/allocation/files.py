"""A bed round as files: two tables in, an answer and, if wanted, the matrix out. No server, no database.

Invariant: the round that is solved here is the one that the service solves: the same scores, rules and optimiser. What
the files could not give is in `rejected_rows`, line by line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from services.beds.allocation import request_file
from services.beds.allocation.matrix import MIXED, OPEN, SEXES, Matrix, build
from services.beds.allocation.model import Answer, Assigned, Effort, Round
from services.beds.allocation.optimise import answer_to
from services.beds.inventory import bed_file
from services.beds.inventory.model import BedLine
from services.beds.scoring.model import Place, Policy, Waiting
from services.beds.scoring.table_file import RejectedLine

LONG_ENOUGH = Effort(gap=0.0025, seconds=2.0)
EXACT_GAP = 0.0001
ROOM_SEX = {OPEN: "-", MIXED: "*"} | dict(enumerate(SEXES))


class Shape(BaseModel):
    """Frozen, and nothing beside its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AssignedShape(Shape):
    """A patient and the bed proposed for them."""

    id: str
    campus: str
    ward: str
    room: str
    bed: str
    tier: int = Field(description="0 goes before everybody else, 1 is the rest")
    score: float = Field(description="the pair's weight, the sum of its terms")
    terms: dict[str, float] = Field(description="what each term adds: six of the patient, five of the bed")


class UnassignedShape(Shape):
    """A patient for whom no bed is left."""

    id: str
    reasons: dict[str, int] = Field(description="beds by the first hard rule they break; taken = a better pair has it")


class RejectedRowShape(Shape):
    """One thing wrong with a row that was left out."""

    file: str
    line: int = Field(description="the header is line 1")
    field: str
    reason: str = Field(description="what is wrong, and what to write instead")


class AnswerShape(Shape):
    """The answer to a bed round on files."""

    assigned: list[AssignedShape]
    unassigned: list[UnassignedShape]
    bound: float = Field(description="proven: no allocation with tier 0's greatest total scores more")
    achieved: float = Field(description="the sum of the scores")
    gap: float = Field(description="(bound - achieved) / bound; 0 if nothing can be placed")
    seconds: float = Field(description="laying out, solving and proving; without reading the files")
    rejected_rows: list[RejectedRowShape]
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What two files hold: everybody and every bed of the good rows, and what is wrong with the others."""

    waiting: tuple[Waiting, ...]
    places: tuple[Place, ...]
    rejected: tuple[RejectedRowShape, ...]


def read(beds: Path, requests: Path) -> Tables:
    """Both tables. Raises `OSError`, and `NoTable` where not even a header can be read."""
    lines, bad_beds = bed_file.read(beds.read_bytes())
    waiting, bad_requests = request_file.read(requests.read_bytes())
    return Tables(
        waiting=tuple(waiting),
        places=tuple(map(place_of, lines)),
        rejected=(*rejected_rows(beds, bad_beds), *rejected_rows(requests, bad_requests)),
    )


def allocate(tables: Tables, policy: Policy, effort: Effort) -> tuple[AnswerShape, Matrix]:
    """Solve the round that the tables describe; the answer, and the matrix that it was found in."""
    began = perf_counter()
    question = Round(waiting=tables.waiting, places=tables.places, policy=policy)
    matrix = build(question)
    return shaped(answer_to(question, matrix, effort, began), tables), matrix


def place_of(line: BedLine) -> Place:
    """A line of a bed file as the rules see it."""
    return Place(
        bed_id=line.bed_id,
        campus=line.campus_id,
        ward=line.room.ward_id,
        specialty=line.specialty,
        overflow=line.overflow,
        room_id=line.room.room_id,
        status=line.status,
        sex_policy=line.room.sex_policy,
        room_sex=line.room_sex,
        attributes=line.room.attributes,
        age_group=line.room.age_group,
        isolation=line.room.isolation,
        stay_band=line.stay_band,
    )


def rejected_rows(file: Path, faults: Iterable[RejectedLine]) -> list[RejectedRowShape]:
    """Faults with the file they are in."""
    return [
        RejectedRowShape(file=file.name, line=fault.line, field=fault.field, reason=f"{fault.reason}; {fault.remedy}")
        for fault in faults
    ]


def shaped(answer: Answer, tables: Tables) -> AnswerShape:
    """The answer as it is written."""
    return AnswerShape(
        assigned=[assigned_shape(one) for one in answer.assigned],
        unassigned=[
            UnassignedShape(id=one.request_id, reasons={str(rule): beds for rule, beds in one.reasons.items()})
            for one in answer.unassigned
        ],
        bound=answer.bound,
        achieved=answer.achieved,
        gap=answer.gap,
        seconds=round(answer.seconds, 3),
        rejected_rows=list(tables.rejected),
        policy_version=answer.policy_version,
    )


def assigned_shape(one: Assigned) -> AssignedShape:
    """A bed id is `campus/ward/room/bed`, and no label holds a slash."""
    campus, ward, room, bed = one.bed_id.split("/")
    terms = {term.name: term.points for term in one.score.terms}
    return AssignedShape(
        id=one.request_id,
        campus=campus,
        ward=ward,
        room=room,
        bed=bed,
        tier=one.tier,
        score=one.score.points,
        terms=terms,
    )


def save_matrix(matrix: Matrix, file: Path) -> None:
    """Write the matrix as `.npz`, for another solver to check the answer with.

    `weights` has a row a patient and a column a room with free beds; beds of one room that differ in specialty,
    overflow or stay band have columns of their own with the same `room_id`. NaN = a hard rule other than room sex.
    """
    with file.open("wb") as target:
        np.savez_compressed(
            target,
            weights=matrix.weights,
            patient_id=np.array([one.request_id for one in matrix.waiting], dtype=np.str_),
            patient_sex=np.array([str(one.sex) for one in matrix.waiting], dtype=np.str_),
            tier=matrix.tier,
            room_id=np.array([column.place.room_id for column in matrix.columns], dtype=np.str_),
            room_free=matrix.free,
            room_sex=np.array([ROOM_SEX[int(state)] for state in matrix.room_sex[matrix.room]], dtype=np.str_),
        )


def generated() -> dict[str, Any]:
    """The published JSON Schema of the answer, by its path in the repository."""
    return {"docs/schemas/allocation-answer.schema.json": AnswerShape.model_json_schema()}
