"""Score: how well a free bed suits a waiting patient, and which pairs are forbidden (BED-3)."""
