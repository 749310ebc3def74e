"""Followup: what happens after the stay, until the patient needs no more of it. See README.md for what it owns."""
