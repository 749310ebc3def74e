"""Preparation: what is done before, at and after a patient's arrival, and what they have consented to (BED-6)."""
