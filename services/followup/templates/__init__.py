"""Templates: which steps follow a stay, as versioned rules that a clinician signs off (FUP-1)."""
