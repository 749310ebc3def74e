"""The sample hospital: campuses, wards and beds, clinics, and where a recorded encounter comes to."""
