"""The outside world: patients, clinicians and the insurance centre, seeded and clocked."""
