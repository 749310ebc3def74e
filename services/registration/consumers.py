"""What registration reacts to: the table of contents of its consumers."""

from shared.reactions import Reactions

REACTIONS = Reactions({})
