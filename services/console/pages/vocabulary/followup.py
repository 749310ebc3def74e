"""What followup says: each event's name, and which of its fields are shown, in order. No diagnosis is."""

from services.console.pages.language import msg

EVENTS = {
    "followup.plan-opened.v1": msg("Follow-up plan opened"),
    "followup.task-due.v1": msg("Follow-up task due"),
    "followup.task-completed.v1": msg("Follow-up task completed"),
    "followup.visit-requested.v1": msg("Return visit requested"),
    "followup.plan-closed.v1": msg("Follow-up plan closed"),
    "followup.call-back-due.v1": msg("Call-back due"),
    "followup.call-back-recorded.v1": msg("Call-back recorded"),
}

FACTS = {
    "followup.plan-opened.v1": ("template", "template_version"),
    "followup.task-due.v1": ("step", "due_at"),
    "followup.task-completed.v1": ("outcome",),
    "followup.visit-requested.v1": ("clinic_id", "earliest_on", "latest_on", "reason"),
    "followup.plan-closed.v1": ("reason",),
    "followup.call-back-due.v1": ("due_at", "late_at"),
    "followup.call-back-recorded.v1": ("outcome", "next_due_at"),
}
