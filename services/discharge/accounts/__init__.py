"""Accounts: what a stay costs and what the patient has paid in advance (DIS-1)."""
