"""The `journey` command: a list of small programs, each in its own file."""
