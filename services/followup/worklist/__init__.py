"""The worklist: what is to be done today, and what came of each attempt to reach a patient (FUP-4)."""
