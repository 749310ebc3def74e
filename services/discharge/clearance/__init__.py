"""Clearance: the discharge order, and what stands in the way of settling (DIS-2)."""
