"""What a follow-up template says: its steps, how attempts are counted, which answers are poor, where a visit goes.

Invariant: a `Template` that exists can be followed: its steps are in order, each has a code of its own and a window
around its day, and every number that a rule needs is in it. Source of the shipped numbers: the definitions themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo


class Risk(StrEnum):
    """How closely a patient is followed."""

    STANDARD = "standard"
    HIGH = "high"


class CatchUp(StrEnum):
    """What becomes of a step that comes up late, after an outage or for a stay that is heard of late."""

    SEND_LATE = "send_late"
    SKIP = "skip"
    COALESCE = "coalesce"


class Urgency(StrEnum):
    """How soon a visit should be. FHIR request priority."""

    ROUTINE = "routine"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, `offset_days` after leaving and, where `times` > 1, every `every_days` from then on.

    The window is in days after leaving. `stale_after_days` counts for `skip` alone.
    """

    code: str
    title: Mapping[str, str]
    offset_days: int
    first_day: int
    last_day: int
    catch_up: CatchUp
    stale_after_days: int
    high_risk_only: bool
    times: int
    every_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRule:
    """When a patient counts as unreachable: that many vain attempts, on that many days; and when to try again."""

    unreachable_after: int
    on_days: int
    remind_after: timedelta
    call_later_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWindow:
    """A visit's first and last day, counted from the day it is asked for."""

    earliest_days: int
    latest_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A coded question with answers 0..`highest`, more being worse; from `poor_from` on it asks for a visit."""

    code: str
    title: Mapping[str, str]
    highest: int
    poor_from: int
    visit: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One published version. FHIR PlanDefinition."""

    name: str
    version: str
    purpose: str
    title: Mapping[str, str]
    valid_from: date
    zone: ZoneInfo
    due_time: time
    steps: tuple[Step, ...]
    attempts: AttemptRule
    clinic_id: str
    visit_windows: Mapping[Urgency, VisitWindow]
    questions: tuple[Question, ...]

    def question(self, code: str) -> Question | None:
        """The question of that code, if it is asked."""
        return next((question for question in self.questions if question.code == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that a step comes up, in days after leaving."""

    step: str
    number: int
    due_day: int
    last_day: int


def occurrences(template: Template, risk: Risk) -> list[Occurrence]:
    """All that comes up for a patient of that risk, in order of its day."""
    steps = (step for step in template.steps if risk is Risk.HIGH or not step.high_risk_only)
    return sorted((one for step in steps for one in _repeated(step)), key=lambda one: (one.due_day, one.step))


def _repeated(step: Step) -> Iterator[Occurrence]:
    for number in range(step.times):
        later = number * step.every_days
        yield Occurrence(
            step=step.code, number=number + 1, due_day=step.offset_days + later, last_day=step.last_day + later
        )


def contradictions(template: Template) -> list[tuple[str, str, str]]:
    """What makes a template impossible to follow: field, reason and remedy of each; empty for a good one."""
    found = [fault for step in template.steps for fault in _step_contradictions(step)]
    codes = [step.code for step in template.steps]
    if len(set(codes)) < len(codes):
        found.append(("action", "two steps have one id", "give each step an id of its own"))
    if all(step.high_risk_only for step in template.steps):
        found.append(("action", "a patient of standard risk has no step", "add a step without a condition"))
    if any(later.offset_days < earlier.offset_days for earlier, later in pairwise(template.steps)):
        found.append(("action", "the steps are not in order", "sort them by offsetDays"))
    if template.attempts.on_days > template.attempts.unreachable_after:
        found.append(("attempts.onDays", "there are more days than attempts", "give at most unreachableAfter"))
    for urgency, window in template.visit_windows.items():
        if window.latest_days < window.earliest_days:
            found.append((f"visits.{urgency}.latestDays", "ends before it begins", "give at least earliestDays"))
    asked = [question.code for question in template.questions]
    if len(set(asked)) < len(asked):
        found.append(("questions", "two questions have one id", "give each question an id of its own"))
    for question in template.questions:
        if question.poor_from > question.highest:
            field = f"questions.{question.code}.poorFrom"
            found.append((field, "no answer is poor", "give at most highest"))
    return found


def _step_contradictions(step: Step) -> Iterator[tuple[str, str, str]]:
    place = f"action.{step.code}"
    if not step.first_day <= step.offset_days <= step.last_day:
        yield f"{place}.window", "the day lies outside", "let firstDay <= offsetDays <= lastDay"
    if step.times > 1 and step.every_days < 1:
        yield f"{place}.repeat.everyDays", "comes up several times on one day", "give at least 1"
    if step.catch_up is CatchUp.SKIP and step.stale_after_days < 1:
        yield f"{place}.catchUp.staleAfterDays", "is missing for skip", "give at least 1"
