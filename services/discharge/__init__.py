"""Discharge: out of the ward, from the first charge to the settled bill. See README.md for what it owns."""
