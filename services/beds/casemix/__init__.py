"""Case mix: DRG weights and the level-4 catalogue as loaded tables, and each department's CMI (BED-2, BED-3)."""
