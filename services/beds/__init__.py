"""Beds: who waits for one, who is proposed for which, and who lies where."""
