"""Plans: what a patient's stay is followed by, and the engine that makes each task when it is due (FUP-2, FUP-3)."""
