"""Waitlist (候补): whoever found everything full gets the places that others give back, one offer at a time (REG-5)."""
