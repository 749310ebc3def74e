"""The due engine: claim what is due, advance it past the occurrence, make its task and say so, in one SQL statement.

Invariants: plans that another worker has in hand are left to it; a claimed plan always moves on, whether its task was
made or not, so that one bad row never blocks the rest; what is skipped or coalesced leaves a cancelled task; a task is
said to be due exactly when its row was written.
One event a batch is sealed as everywhere else; the statement copies it and fills in what differs by row. An event's
id is its task's, for a task falls due once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.envelope import Origin, caused_by, seal
from shared.ids import new_id
from shared.messages.followup.plans import TaskDue
from shared.outbox import pack_headers
from shared.work import Work

TIMER = "timer:followup-due"
EXEMPLAR = TaskDue(
    task_id=UUID("7a5c0000-0000-4000-8000-000000000001"),
    plan_id=UUID("7a5c0000-0000-4000-8000-000000000002"),
    patient_id=UUID("7a5c0000-0000-4000-8000-000000000003"),
    step="step-to-be-filled-in",
    due_at=datetime(1900, 1, 1, 7, 55, 13, tzinfo=UTC),
    aggregate_version=1_900_010_107,
)
CORRELATION = "7a5c0000-0000-4000-8000-000000000004"

CLAIM = """
  SELECT plan_id, patient_id, template, template_version, risk, correlation_id, version, shard, next_step, steps,
         due_ats, steps[next_step] AS step, occurrences[next_step] AS occurrence, due_ats[next_step] AS due_at,
         late_ats[next_step] AS late_at, due_ats[next_step + 1] AS then_due_at
  FROM plan_due JOIN plan USING (plan_id) WHERE plan_due.next_due_at <= $1 AND plan.next_due_at <= $1
  ORDER BY plan_due.next_due_at, plan_due.plan_id LIMIT $2 FOR UPDATE OF plan SKIP LOCKED
"""
DECIDE = """
  SELECT claimed.*, row_number() OVER () AS number, CASE
    WHEN own.catch_up = 'skip' AND due_at + make_interval(days => own.stale_after_days) < $1 THEN 'stale'
    WHEN own.catch_up = 'coalesce' AND then_due_at <= $1 AND EXISTS (
      SELECT FROM unnest(steps[next_step + 1:], due_ats[next_step + 1:]) AS later (step, due_at)
      LEFT JOIN template_step ON (name, template_step.version, template_step.step)
        = (claimed.template, claimed.template_version, later.step)
      WHERE later.due_at <= $1 AND template_step.catch_up IS DISTINCT FROM 'skip'
    ) THEN 'coalesced' END AS not_made
  FROM claimed LEFT JOIN template_step AS own
    ON (own.name, own.version, own.step) = (claimed.template, claimed.template_version, claimed.step)
"""
ADVANCE = """
  UPDATE plan SET next_step = plan.next_step + 1, next_due_at = then_due_at,
    version = plan.version + (not_made IS NULL)::int
  FROM decided WHERE plan.plan_id = decided.plan_id
"""
MAKE = """
  INSERT INTO task (task_id, plan_id, patient_id, step, occurrence, due_at, late_at, precedence,
                    status, reason, made_at, ended_at)
  SELECT ($3::uuid[])[number], plan_id, patient_id, step, occurrence, due_at, late_at,
         CASE risk WHEN 'high' THEN 1 ELSE 2 END,
         CASE WHEN not_made IS NULL THEN 'ready' ELSE 'cancelled' END, not_made, $1,
         CASE WHEN not_made IS NOT NULL THEN $1 END
  FROM decided ORDER BY number ON CONFLICT (plan_id, step, occurrence) DO NOTHING
  RETURNING task_id, plan_id, status
"""
SAY = f"""
  INSERT INTO outbox (shard, topic, key, headers, value)
  SELECT shard, $4, patient_id,
    convert_to(replace(replace(replace(replace($5,
      $6, task_id::text),
      '{EXEMPLAR.plan_id}', plan_id::text),
      '{EXEMPLAR.patient_id}', patient_id::text),
      '{CORRELATION}', correlation_id), 'UTF8'),
    convert_to(replace(replace(replace(replace(replace(replace($7,
      '{EXEMPLAR.task_id}', task_id::text),
      '{EXEMPLAR.plan_id}', plan_id::text),
      '{EXEMPLAR.patient_id}', patient_id::text),
      '{EXEMPLAR.step}', step),
      '{EXEMPLAR.due_at:%Y-%m-%dT%H:%M:%SZ}', to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
      '{EXEMPLAR.aggregate_version}', (version + 1)::text), 'UTF8')
  FROM decided JOIN made USING (plan_id) WHERE made.status = 'ready' ORDER BY number
"""  # noqa: S608 - our own constants
MAKE_DUE = f"""
WITH claimed AS ({CLAIM}), decided AS ({DECIDE}), advanced AS ({ADVANCE}), made AS ({MAKE}), said AS ({SAY})
SELECT decided.plan_id, made.status = 'ready' AS was_made, then_due_at IS NULL AS was_last
FROM decided LEFT JOIN made USING (plan_id)
"""  # noqa: S608 - our own constants
NEXT_DUE_AT = "SELECT min(next_due_at) FROM plan_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A plan that has moved on. Where nothing was made and nothing more will come, the plan may be complete."""

    plan_id: UUID
    was_made: bool
    was_last: bool


async def make_due(work: Work, limit: int) -> list[Moved]:
    """Make the tasks of at most `limit` plans whose next step has come up by `work.now`, earliest first."""
    with caused_by(Origin(correlation_id=CORRELATION, causation_id=TIMER)):
        sealed = seal(EXEMPLAR, work.now)
    event_id = next(value for name, value in sealed.headers if name == "ce_id") or b""
    connection = await work.sql()
    rows = await connection.fetch(
        MAKE_DUE,
        work.now,
        limit,
        [new_id() for _ in range(limit)],
        sealed.topic,
        pack_headers(sealed.headers).decode(),
        event_id.decode(),
        (sealed.value or b"").decode(),
    )
    work.wrote_outbox = work.wrote_outbox or bool(rows)
    return [Moved(plan_id=row["plan_id"], was_made=bool(row["was_made"]), was_last=row["was_last"]) for row in rows]


async def next_due_at(work: Work) -> datetime | None:
    """When the next step of any plan comes up."""
    at: datetime | None = await (await work.sql()).fetchval(NEXT_DUE_AT)
    return at
