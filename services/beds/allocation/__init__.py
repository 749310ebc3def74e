"""Allocation: one bed round over the whole hospital, 全院一张床 (BED-4)."""
