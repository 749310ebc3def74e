"""Stays: who has which bed, from the reservation until the patient has left (BED-5)."""
