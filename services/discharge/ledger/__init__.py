"""Ledger: every fen of a stay as double entry, so that what came in is what went out (DIS)."""
