"""Consents: who may book for whom (代办), by which evidence (REG-2)."""
