"""What things are called on the pages, in English; `vocabulary/` holds what services say, `locale/` other languages.

Invariant: every event type, every field that is shown and every code of a closed list has a name here (a test looks).
"""

from services.console.pages.language import msg
from services.console.pages.vocabulary import beds, discharge, followup, registration
from services.console.projection.looks import Look

SERVICES = {
    "registration": msg("Registration"),
    "beds": msg("Beds"),
    "discharge": msg("Discharge and settlement"),
    "followup": msg("Follow-up"),
}

EVENTS = registration.EVENTS | beds.EVENTS | discharge.EVENTS | followup.EVENTS

LOOKS = {
    Look.OCCUPIED: msg("occupied"),
    Look.RESERVED: msg("reserved"),
    Look.FREE: msg("free"),
    Look.CLEANING: msg("cleaning"),
    Look.CONTAMINATED: msg("contaminated"),
    Look.ISOLATED: msg("isolated"),
    Look.CLOSED: msg("closed"),
}

GLYPHS = {
    Look.OCCUPIED: msg("O"),
    Look.RESERVED: msg("R"),
    Look.FREE: msg("F"),
    Look.CLEANING: msg("H"),
    Look.CONTAMINATED: msg("K"),
    Look.ISOLATED: msg("I"),
    Look.CLOSED: msg("X"),
}
"""One letter or character a look; colour is never the only sign."""

FACTS = registration.FACTS | beds.FACTS | discharge.FACTS | followup.FACTS
"""Which fields of an event are shown, in order. Diagnoses are not: a viewer has no need of them."""

REFUSALS = {
    "token-missing": msg("Enter a token."),
    "token-malformed": msg("This is no token. Copy the whole of it, from the first letter to the last."),
    "token-expired": msg("This token has expired. Ask for a new one."),
    "token-signature": msg("This token was not issued for this hospital. Ask for one here."),
    "role-missing": msg("This token has no role that may see these pages. Ask for the role viewer."),
}


def event_name(event_type: str) -> str:
    """What people call it; the type itself where a newer service says something this one does not know."""
    return EVENTS.get(event_type, event_type)
