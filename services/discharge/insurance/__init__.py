"""Insurance: what is said to the insurance centre and what it answered (DIS-4)."""
