"""Day surgery: exams, anaesthesia assessment, theatre and bed, all of one day; same-day home or converted (BED-8)."""
