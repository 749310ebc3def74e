"""Arrival passes: a parking place reserved with the booking while places last (REG-13)."""
