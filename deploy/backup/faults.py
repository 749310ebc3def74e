"""What goes wrong with a backup, in words for whoever has to mend it."""


class BackupFailed(RuntimeError):
    """A backup cannot be made or restored. The message says why and what to do, without passwords or rows."""
