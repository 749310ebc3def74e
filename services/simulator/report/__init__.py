"""What a run came to: figures read from the services and the topics, held against the recording."""
