"""The whole suite on one machine without containers: PostgreSQL, a broker, every service as its own process."""
