"""The console: the pages that people look at, drawn from the topics alone. See README.md for what it owns."""
