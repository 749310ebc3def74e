"""Calendars: which days are public holidays, and which weekends are worked to make up for them (REG-1)."""
