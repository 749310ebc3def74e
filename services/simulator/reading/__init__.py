"""Reading recorded patients: a Synthea CSV export in, visits, stays and charges out."""
