"""Recognition: results of partner hospitals that make an exam unnecessary, and what was decided about them (REG-8)."""
