"""Planned: the beds that are promised to somebody, or are to close, from a date on (BED-1, BED-5)."""
