"""The rules of an attempt: what an outcome means for the task, for a visit, and for the plan.

Numbers come from the plan's own template version. An outcome is a code, and so are notes and answers: free text about
a patient is kept nowhere. What a machine hears (AI call) never closes an emergency.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.followup.plans.model import CloseReason, Task, TaskStatus
from services.followup.templates.model import Template, Urgency
from services.followup.visits.model import VisitReason, Wish
from shared.decision import Refused


class Outcome(StrEnum):
    """What came of an attempt (followup-rules §3)."""

    REACHED = "reached"
    AGREED_TO_VISIT = "agreed_to_visit"
    CALL_LATER = "call_later"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    MOVED = "moved"
    DEAD = "dead"
    DANGER_SIGN = "danger_sign"


class ContactKind(StrEnum):
    """How the patient was contacted."""

    PHONE = "phone"
    SMS = "sms"
    APP = "app"
    AI_CALL = "ai_call"
    HOME_VISIT = "home_visit"
    CLINIC = "clinic"


class Reason(StrEnum):
    """Why an attempt was refused."""

    TASK_CLOSED = "task-closed"
    UNKNOWN_QUESTION = "unknown-question"
    ANSWER_OUT_OF_RANGE = "answer-out-of-range"
    ANSWERS_WITHOUT_CONTACT = "answers-without-contact"


UNREACHABLE = "unreachable"
"""The outcome of a task that failed because nobody could be reached."""

IN_VAIN = (Outcome.NO_ANSWER, Outcome.WRONG_NUMBER)
SPOKEN = (Outcome.REACHED, Outcome.AGREED_TO_VISIT, Outcome.DANGER_SIGN)
ENDS_PLAN: Mapping[Outcome, CloseReason] = {
    Outcome.REFUSED: CloseReason.REFUSED,
    Outcome.MOVED: CloseReason.MOVED,
    Outcome.DEAD: CloseReason.DECEASED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAttempt:
    """Somebody tried to reach the patient. `answers`: code of a question of the template → the score given."""

    task_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    answers: Mapping[str, int]
    attempted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt as it is kept. `attempted_by` is the caller's subject, an account and no name."""

    attempt_id: UUID
    task_id: UUID
    outcome: Outcome
    contact_kind: ContactKind
    note_code: str | None
    answers: Mapping[str, int]
    attempted_at: datetime
    attempted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an attempt means. READY: the task goes on, from `remind_at` on; `urgent` puts it on top of the list."""

    status: TaskStatus
    outcome: str
    remind_at: datetime | None = None
    urgent: bool = False
    wish: Wish | None = None
    closes: CloseReason | None = None


def weigh(
    command: RecordAttempt, task: Task, earlier: Sequence[Attempt], template: Template, now: datetime
) -> Verdict | Refused:
    """What the attempt means for a task with these earlier attempts."""
    if task.status is not TaskStatus.READY:
        return Refused(reason=Reason.TASK_CLOSED, remedy=f"the task is {task.status}: choose an open one")
    if refusal := _refuse_answers(command, template):
        return refusal
    return _verdict(command, earlier, template, now)


def _verdict(command: RecordAttempt, earlier: Sequence[Attempt], template: Template, now: datetime) -> Verdict:
    outcome, rule = command.outcome, template.attempts
    if outcome in IN_VAIN and _is_unreachable(earlier, template, now):
        return Verdict(status=TaskStatus.FAILED, outcome=UNREACHABLE)
    if outcome in IN_VAIN:
        return Verdict(status=TaskStatus.READY, outcome=outcome, remind_at=now + rule.remind_after)
    if outcome is Outcome.CALL_LATER:
        return Verdict(status=TaskStatus.READY, outcome=outcome, remind_at=now + rule.call_later_after)
    wish = _wish(command, template)
    if outcome is Outcome.DANGER_SIGN and command.contact_kind is ContactKind.AI_CALL:
        return Verdict(status=TaskStatus.READY, outcome=outcome, urgent=True, wish=wish)
    return Verdict(status=TaskStatus.COMPLETED, outcome=outcome, wish=wish, closes=ENDS_PLAN.get(outcome))


def _refuse_answers(command: RecordAttempt, template: Template) -> Refused | None:
    if command.answers and command.outcome not in SPOKEN:
        return Refused(
            reason=Reason.ANSWERS_WITHOUT_CONTACT,
            remedy=f"leave out answers, or give an outcome of {', '.join(SPOKEN)}",
        )
    for code, score in command.answers.items():
        question = template.question(code)
        if question is None:
            known = ", ".join(question.code for question in template.questions) or "none"
            return Refused(reason=Reason.UNKNOWN_QUESTION, remedy=f"in answers, use the template's questions: {known}")
        if not 0 <= score <= question.highest:
            return Refused(
                reason=Reason.ANSWER_OUT_OF_RANGE, remedy=f"in answers.{question.code}, give 0 to {question.highest}"
            )
    return None


def _is_unreachable(earlier: Sequence[Attempt], template: Template, now: datetime) -> bool:
    """Whether this vain attempt, with those before it, is enough: so many, on so many local days."""
    instants = [attempt.attempted_at for attempt in earlier if attempt.outcome in IN_VAIN] + [now]
    enough = len(instants) >= template.attempts.unreachable_after
    return enough and _days(instants, template.zone) >= template.attempts.on_days


def _days(instants: Iterable[datetime], zone: ZoneInfo) -> int:
    return len({instant.astimezone(zone).date() for instant in instants})


def _wish(command: RecordAttempt, template: Template) -> Wish | None:
    """The most urgent visit that the outcome or an answer asks for."""
    if command.outcome is Outcome.DANGER_SIGN:
        return Wish(urgency=Urgency.URGENT, reason=VisitReason.DANGER_SIGN)
    poor = [
        question.visit
        for question in template.questions
        if command.answers.get(question.code, -1) >= question.poor_from
    ]
    if poor:
        urgency = Urgency.URGENT if Urgency.URGENT in poor else Urgency.ROUTINE
        return Wish(urgency=urgency, reason=VisitReason.POOR_ANSWER)
    if command.outcome is Outcome.AGREED_TO_VISIT:
        return Wish(urgency=Urgency.ROUTINE, reason=VisitReason.AGREED)
    return None
