"""Displacement: cutting or closing a session, and another place for everybody who loses theirs (REG-1)."""
