"""Exams: several exams as one plan of few visits, held and booked as a whole (REG-7), also before admission (BED-7)."""
