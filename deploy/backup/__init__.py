"""Backup and restore of a service's database: snapshot, checksum, encryption, and the way back (PLT-9)."""
