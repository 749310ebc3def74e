"""What the followup service tells the others: a plan after the stay, its tasks, and the visits it asks for."""

from shared.messages.followup import plans, visits, worklist

MESSAGES = (
    *plans.MESSAGES,
    *worklist.MESSAGES,
    *visits.MESSAGES,
)
