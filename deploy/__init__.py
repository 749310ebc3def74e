"""How the suite is brought to a machine."""
