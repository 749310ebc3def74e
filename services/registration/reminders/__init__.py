"""Reminders before a visit, with what to prepare, to those who asked for them (REG-12)."""
