"""Coordination: the coordinator's desk (床位统筹), one list of who waits and what is still to be done (BED-6)."""
