"""Exam catalogue: what can be examined and under which rules, and the devices with their calendars (REG-7)."""
