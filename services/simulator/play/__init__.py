"""Playing a recording into the running suite: every happening is a call that a person or an app would make."""
