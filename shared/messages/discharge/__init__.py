"""What the discharge service tells the others: the account of a stay, its settlement, and that the patient has left.

Money is integer fen. Every event belongs to the account, whose id is the stay's.
"""

from shared.messages.discharge import accounts, clearance, settlement

MESSAGES = (
    *accounts.MESSAGES,
    *clearance.MESSAGES,
    *settlement.MESSAGES,
)
