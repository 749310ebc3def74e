"""The edge where a template comes in: a PlanDefinition-shaped JSON document, those in `definitions/` or another.

Invariant: what leaves here has been checked whole; all that is wrong is said at once, by field, with the remedy.
"""

from datetime import date, time, timedelta
from importlib.resources import files
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from services.followup.templates.model import (
    AttemptRule,
    CatchUp,
    Question,
    Step,
    Template,
    Urgency,
    VisitWindow,
    contradictions,
)
from shared.zones import is_zone

LONGEST_DAYS = 3660
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
Days = Annotated[int, Field(ge=0, le=LONGEST_DAYS)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TemplateRejected(ValueError):
    """The document is no template. The text names every field that is wrong, the reason and the remedy."""


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("is no IANA time zone; give one such as Asia/Shanghai")
    return name


class Part(BaseModel):
    """No unknown key; keys in camelCase, as FHIR writes them."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Title(Part):
    """What people read."""

    zh: Text
    en: Text


class Period(Part):
    """From when on the version counts."""

    start: date


class Window(Part):
    """Days after leaving between which the step is in time."""

    first_day: Days
    last_day: Days


class Late(Part):
    """What becomes of the step when it is late."""

    rule: CatchUp
    stale_after_days: Days = 0


class Repeat(Part):
    """How often the step comes up."""

    times: Annotated[int, Field(ge=1, le=100)]
    every_days: Days


class Action(Part):
    """A step. FHIR PlanDefinition.action."""

    id: Code
    title: Title
    condition: Literal["high-risk"] | None = None
    offset_days: Days
    window: Window
    catch_up: Late
    repeat: Repeat = Repeat(times=1, everyDays=0)


class Attempts(Part):
    """When a patient counts as unreachable."""

    unreachable_after: Annotated[int, Field(ge=1, le=100)]
    on_days: Annotated[int, Field(ge=1, le=100)]
    remind_after_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
    call_later_after_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)]


class DaysAhead(Part):
    """A visit's first and last day."""

    earliest_days: Days
    latest_days: Days


class Visits(Part):
    """Where a visit goes, and how soon."""

    clinic_id: Text
    routine: DaysAhead
    urgent: DaysAhead


class Asked(Part):
    """A coded question."""

    id: Code
    title: Title
    highest: Annotated[int, Field(ge=1, le=1000)]
    poor_from: Annotated[int, Field(ge=1, le=1000)]
    visit: Urgency


class Definition(Part):
    """The whole document."""

    resource_type: Literal["PlanDefinition"]
    name: Code
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,32}$")]
    status: Literal["active"]
    title: Title
    purpose: Code
    author: Text
    comment: Text | None = None
    effective_period: Period
    zone: Annotated[str, AfterValidator(_zone)]
    due_time: time
    action: Annotated[tuple[Action, ...], Field(min_length=1, max_length=200)]
    attempts: Attempts
    visits: Visits
    questions: tuple[Asked, ...] = ()


def shipped() -> list[bytes]:
    """The documents in `definitions/`, by file name."""
    folder = files("services.followup.templates") / "definitions"
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".json")), key=lambda one: one.name)
    return [one.read_bytes() for one in found]


def read(document: bytes | str) -> Template:
    """The template that a document describes. Raises `TemplateRejected` with all that is wrong."""
    try:
        definition = Definition.model_validate_json(document)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_input=False)
        raise TemplateRejected(
            "; ".join(f"{'.'.join(map(str, one['loc'])) or 'document'}: {one['msg']}" for one in errors)
        ) from None
    template = _to_template(definition)
    if faults := contradictions(template):
        raise TemplateRejected("; ".join(f"{field}: {reason}; {remedy}" for field, reason, remedy in faults))
    return template


def _to_template(definition: Definition) -> Template:
    visits = {Urgency.ROUTINE: definition.visits.routine, Urgency.URGENT: definition.visits.urgent}
    return Template(
        name=definition.name,
        version=definition.version,
        purpose=definition.purpose,
        title=definition.title.model_dump(),
        valid_from=definition.effective_period.start,
        zone=ZoneInfo(definition.zone),
        due_time=definition.due_time,
        steps=tuple(_to_step(action) for action in definition.action),
        attempts=AttemptRule(
            unreachable_after=definition.attempts.unreachable_after,
            on_days=definition.attempts.on_days,
            remind_after=timedelta(days=definition.attempts.remind_after_days),
            call_later_after=timedelta(days=definition.attempts.call_later_after_days),
        ),
        clinic_id=definition.visits.clinic_id,
        visit_windows={urgency: VisitWindow(**ahead.model_dump()) for urgency, ahead in visits.items()},
        questions=tuple(_to_question(asked) for asked in definition.questions),
    )


def _to_step(action: Action) -> Step:
    return Step(
        code=action.id,
        title=action.title.model_dump(),
        offset_days=action.offset_days,
        first_day=action.window.first_day,
        last_day=action.window.last_day,
        catch_up=action.catch_up.rule,
        stale_after_days=action.catch_up.stale_after_days,
        high_risk_only=action.condition == "high-risk",
        times=action.repeat.times,
        every_days=action.repeat.every_days,
    )


def _to_question(asked: Asked) -> Question:
    return Question(
        code=asked.id,
        title=asked.title.model_dump(),
        highest=asked.highest,
        poor_from=asked.poor_from,
        visit=asked.visit,
    )
