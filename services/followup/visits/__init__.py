"""Visits: who should be seen because of what a follow-up brought to light, and whether that has been booked."""
