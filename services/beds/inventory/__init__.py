"""Inventory: the wards, rooms and beds of all campuses, and how each bed stands (BED-1)."""
