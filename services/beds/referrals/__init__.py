"""Two-way referral (双向转诊): in from partner hospitals, out to community beds (BED-10)."""
