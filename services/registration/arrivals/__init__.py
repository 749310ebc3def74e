"""Arrivals: the patient checks in and is seen (REG-6)."""
