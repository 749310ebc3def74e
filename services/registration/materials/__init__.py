"""Pre-visit materials: reports that the patient brings along, scanned before anybody may read them (REG-4)."""
