"""The demo's catalogue: how a recorded patient is insured, and what class each charge is of."""
