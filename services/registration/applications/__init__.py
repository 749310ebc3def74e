"""Applications: places that a clinician gives by need (按需分配号源), with the patient's materials in view (REG-3)."""
