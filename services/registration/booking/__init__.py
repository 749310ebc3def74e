"""Booking: find, hold, confirm, cancel and move appointments; never oversold (REG-2)."""
