"""The alliance quota (医联体号源): places kept for referring partner hospitals, with a promise per urgency (REG-11)."""
