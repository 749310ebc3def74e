"""Coordinator (床位统筹): who waits for a bed or has one reserved, and what is still to be done for each (BED-6)."""
