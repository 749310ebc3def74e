"""What the beds service tells the others: who waits, who lies where, and how each bed stands.

`request_id` and `stay_id` of one admission are the same id: a request becomes a stay.
"""

from shared.messages.beds import (
    allocation,
    coordination,
    daysurgery,
    emergency,
    housekeeping,
    inventory,
    planned,
    preparation,
    referrals,
    requests,
    stays,
)

MESSAGES = (
    *requests.MESSAGES,
    *allocation.MESSAGES,
    *preparation.MESSAGES,
    *coordination.MESSAGES,
    *emergency.MESSAGES,
    *stays.MESSAGES,
    *daysurgery.MESSAGES,
    *referrals.MESSAGES,
    *inventory.MESSAGES,
    *housekeeping.MESSAGES,
    *planned.MESSAGES,
)
