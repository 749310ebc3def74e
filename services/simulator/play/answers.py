"""How the demo's patients answer a follow-up call, as a rule that anyone can follow by hand.

The patient says that something is wrong, and wishes to be seen, when the last digit of the stay's id is below 4 and the
step is the call of the seventh day; everybody else is reached and well.
"""

from uuid import UUID

WISHING_STEP = "day-7"
BELOW = 4


def outcome_of(stay_id: UUID, step: str) -> str:
    """The code of the outcome: `agreed_to_visit` or `reached`."""
    return "agreed_to_visit" if step == WISHING_STEP and stay_id.int % 10 < BELOW else "reached"
