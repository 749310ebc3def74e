"""What services say, in words for people: one file a service, and what fields and codes are called."""
