"""Forecast and what-if: who will leave, how full it gets, and what a change would do, on a copy (BED-11)."""
