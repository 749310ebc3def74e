"""What the followup service tells the others: a plan after the stay, its tasks, the visits it asks for, and calls."""

from shared.messages.followup import callbacks, plans, visits, worklist

MESSAGES = (
    *callbacks.MESSAGES,
    *plans.MESSAGES,
    *worklist.MESSAGES,
    *visits.MESSAGES,
)
