"""Indicators: what the pool does, by day and ward, beside what queueing theory says it could do (BED-12)."""
