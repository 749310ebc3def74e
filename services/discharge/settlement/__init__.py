"""Settlement: what insurance pays for a stay and what is left to the patient, number by number (DIS)."""
