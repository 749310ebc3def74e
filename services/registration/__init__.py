"""Registration: who the patients are and when they are seen. See README.md for what it owns."""
