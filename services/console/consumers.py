"""What the console reacts to: every event there is, a batch at a time, through one projection."""

from services.console.projection import handlers
from shared.messages import EVENTS
from shared.reactions import Reactions

REACTIONS = Reactions({}, projection=handlers.project, projected=tuple(EVENTS.values()))
