"""Housekeeping: the cleaning of a bed between two patients, with its clock (BED-1)."""
