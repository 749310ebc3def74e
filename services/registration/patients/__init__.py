"""Patients: the register of who they are; the only place that knows a name or a contact."""
