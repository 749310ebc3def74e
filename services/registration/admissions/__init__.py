"""Admissions: the admission request (入院证) that a clinician writes (BED-2)."""
