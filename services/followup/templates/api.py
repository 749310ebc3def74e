"""The HTTP side of templates: which versions there are, and what they say."""

from datetime import date, time
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, WithJsonSchema

from services.followup.templates import handlers
from services.followup.templates.model import CatchUp, Template, Urgency
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/templates", tags=["templates"], responses=REFUSALS)
LocalTime = Annotated[time, WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"})]
"""A time on a zone's clock; JSON Schema's own format of a time wants an offset with it."""
READERS = may(Role.FOLLOWUP_NURSE, Role.CLINICIAN, Role.VIEWER)


class StepView(BaseModel, from_attributes=True):
    """A step. Days are counted from the day of leaving, in the template's zone."""

    code: str
    title: dict[str, str]
    offset_days: int
    first_day: int
    last_day: int
    catch_up: CatchUp
    high_risk_only: bool
    times: int
    every_days: int


class QuestionView(BaseModel, from_attributes=True):
    """A coded question; answers go from 0 to `highest`, and from `poor_from` on they ask for a visit."""

    code: str
    title: dict[str, str]
    highest: int
    poor_from: int
    visit: Urgency


class TemplateView(BaseModel):
    """A published version."""

    name: str
    version: str
    purpose: str
    title: dict[str, str]
    valid_from: date
    zone: str
    due_time: LocalTime
    clinic_id: str
    steps: list[StepView]
    questions: list[QuestionView]


@router.get("", dependencies=[READERS])
async def templates(queries: QueryRunner) -> list[TemplateView]:
    """Every published version, by name and day of validity."""
    return [_view(one) for one in await queries.run(handlers.templates)]


@router.get("/{name}/versions/{version}", dependencies=[READERS])
async def template(name: str, version: str, queries: QueryRunner) -> TemplateView:
    """One published version."""
    return _view(await queries.run(handlers.template, name, version))


def _view(template: Template) -> TemplateView:
    return TemplateView(
        name=template.name,
        version=template.version,
        purpose=template.purpose,
        title=dict(template.title),
        valid_from=template.valid_from,
        zone=template.zone.key,
        due_time=template.due_time,
        clinic_id=template.clinic_id,
        steps=[StepView.model_validate(step) for step in template.steps],
        questions=[QuestionView.model_validate(question) for question in template.questions],
    )
