"""Requests: who waits for a bed, since when and how urgently (BED-2)."""
