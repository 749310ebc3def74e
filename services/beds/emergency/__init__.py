"""Emergency: the clocks of those who board in the emergency room, and beds held for resuscitation (BED-9)."""
