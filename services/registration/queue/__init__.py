"""Queue: who has checked in is called in turn, by rule, and told how long it will take (REG-6)."""
