"""What the console reacts to: every event there is, a batch at a time, through one projection."""

from services.console.projection import handlers
from shared.messages import EVENTS
from shared.reactions import Reactions

REST_SECONDS = 0.04
"""A board may be this much later than the event: nobody sees it, and fifty events cost hardly more than one."""

REACTIONS = Reactions({}, projection=handlers.project, projected=tuple(EVENTS.values()), rest_seconds=REST_SECONDS)
