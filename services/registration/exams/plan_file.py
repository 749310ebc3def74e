"""An exam plan as files: a case as JSON in, the plan out. No server, no database.

Invariant: the case that is planned here is made and planned by the code of the service; and nothing of a faulty case
gets through: every fault names its field, what is wrong, and what to write instead.
"""

import json
from codecs import BOM_UTF8
from time import perf_counter
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.registration.examcatalogue.files import hours
from services.registration.examcatalogue.model import (
    Catalogue,
    ExamDevice,
    ExamItem,
    ExamRule,
    Network,
)
from services.registration.exams import casing, model
from services.registration.exams.case import Case
from services.registration.exams.casing import Calendars
from services.registration.exams.model import ExamOrder, ExamStatus, OrderExams
from services.registration.exams.plan_shapes import AnswerShape, CaseShape, ExamShape, PlanShape, Shape
from services.registration.exams.planner import Plan, one_by_one, plan
from services.registration.exams.policy import policy
from shared.decision import Refused
from shared.wrong_fields import Field as WrongField
from shared.wrong_fields import wrong_fields

NOBODY = UUID(int=0)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FILES = {
    "exam-plan-case": "docs/schemas/exam-plan-case.schema.json",
    "exam-plan-answer": "docs/schemas/exam-plan-answer.schema.json",
}


class Unplannable(ValueError):
    """The file is no case. `faults` holds everything that is wrong: field, reason, remedy."""

    def __init__(self, faults: list[WrongField]) -> None:
        super().__init__("; ".join(f"{one['field']} {one['reason']}: {one['remedy']}" for one in faults))
        self.faults = faults


def parse(content: bytes) -> CaseShape:
    """A case from its file. Raises `Unplannable`."""
    try:
        return CaseShape.model_validate_json(content.removeprefix(BOM_UTF8))
    except ValidationError as refusal:
        errors = [{**one, "loc": ("case", *one["loc"])} for one in refusal.errors(include_url=False)]
        raise Unplannable(wrong_fields(errors)) from None


def answer(shape: CaseShape) -> AnswerShape:
    """Plan the case."""
    catalogue = _catalogue(shape)
    order = _order(shape)
    taken = Calendars(
        devices={one.device_id: sorted((span.from_at, span.to_at) for span in one.taken) for one in shape.devices},
        patient=sorted((span.from_at, span.to_at) for span in shape.request.elsewhere),
    )
    case = casing.make_case(order, catalogue, taken, policy(), shape.now)
    began = perf_counter()
    best = plan(case) if case else None
    seconds = perf_counter() - began
    return AnswerShape(
        policy_version=policy().version,
        plan=_plan(case, best, catalogue) if case else None,
        one_by_one=_plan(case, one_by_one(case), catalogue) if case else None,
        impossible=casing.impossible(case) if case else list(order.item_codes),
        seconds=round(seconds, 4),
    )


def generated() -> dict[str, str]:
    """What `make generated` writes and `make check` compares: path in the repository → text."""
    modes: dict[str, tuple[type[Shape], Literal["validation", "serialization"]]] = {
        "exam-plan-case": (CaseShape, "validation"),
        "exam-plan-answer": (AnswerShape, "serialization"),
    }
    return {
        SCHEMA_FILES[name]: _text(
            {"$schema": DIALECT, "$id": f"urn:carejourney:{name}:1"} | shape.model_json_schema(mode=mode)
        )
        for name, (shape, mode) in modes.items()
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _order(shape: CaseShape) -> ExamOrder:
    request = shape.request
    written = model.order(
        OrderExams(
            order_id=NOBODY,
            patient_id=NOBODY,
            item_codes=tuple(request.item_codes),
            campus_ids=tuple(request.campus_ids),
            windows=tuple((one.from_at, one.to_at) for one in request.windows),
            not_before=request.not_before,
            latest_at=request.latest_at,
        ),
        shape.now,
    )
    if isinstance(written, Refused):
        fault = {"field": "request", "in": "case", "reason": f"is refused ({written.reason})", "remedy": written.remedy}
        raise Unplannable([fault])
    return written


def _catalogue(shape: CaseShape) -> Catalogue:
    untold: dict[str, Any] = {"name_zh": "", "name_en": "", "preparations": (), "source": ""}
    return Catalogue(
        items={
            one.item_code: ExamItem(
                **{**dict(one), "tags": frozenset(one.tags)}, price_fen=0, recognition_days=0, **untold
            )
            for one in shape.items
        },
        rules=tuple(ExamRule(**dict(one), source="") for one in shape.rules),
        devices=tuple(
            ExamDevice(
                device_id=one.device_id,
                campus_id=one.campus_id,
                room="",
                modality=one.modality,
                items=tuple(one.items),
                reading_campus_id=one.reading_campus_id or one.campus_id,
                hours=hours(one.hours),
            )
            for one in sorted(shape.devices, key=lambda one: one.device_id)
        ),
        network=Network(
            zone=shape.zone,
            travel={(one.from_campus_id, one.to_campus_id): one.minutes for one in shape.travel},
        ),
    )


def _plan(case: Case, found: Plan | None, catalogue: Catalogue) -> PlanShape | None:
    if found is None:
        return None
    zone, devices = ZoneInfo(catalogue.network.zone), {one.device_id: one for one in catalogue.devices}
    return PlanShape(
        visits=found.cost.visits,
        stay_minutes=found.cost.stay_minutes,
        proven=found.proven,
        exams=[
            ExamShape(
                item_code=one.item_code,
                device_id=one.device_id,
                campus_id=one.campus_id,
                reading_campus_id=one.reading_campus_id,
                starts_at=one.starts_at.astimezone(zone),
                ends_at=one.ends_at.astimezone(zone),
            )
            for one in casing.placed_exams(found.places, case, devices, ExamStatus.HELD)
        ],
    )
