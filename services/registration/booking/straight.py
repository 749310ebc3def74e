"""The short way of holds and bookings: token, key and body checked by hand, then the lane.

Invariant: it takes what `api` would have taken, as the same command under the same hash, and leaves the rest to it.
"""

from functools import partial

from fastapi import Response
from pydantic import TypeAdapter, ValidationError

from services.registration.booking.api import BOOKERS, PlaceBody, take_of
from services.registration.booking.lane import Lane
from services.registration.booking.taking import Keyed
from shared.auth import Forbidden, Unauthenticated, authorise
from shared.commands import KEY_HEADER, LONGEST_KEY, hash_of
from shared.envelope import Origin, correlation_id
from shared.straight import Endpoint, Plain

BODY = TypeAdapter(PlaceBody)
KEY = KEY_HEADER.lower().encode()
ROLES = frozenset(BOOKERS)


async def take_place(path: str, request: Plain, *, hold: bool) -> Response | None:
    """Ask the lane for a place; None for a request that is not plainly good."""
    key = request.headers.get(KEY, b"").decode("latin-1")
    if not 0 < len(key) <= LONGEST_KEY:
        return None
    try:
        caller = authorise(request.state.verifier, request.scope["headers"], ROLES)
        take = take_of(BODY.validate_json(request.body), hold=hold)
    except (Unauthenticated, Forbidden, ValidationError, OverflowError):
        return None
    body_hash = hash_of("POST", path, caller.subject, request.body)
    origin = Origin(correlation_id=correlation_id() or key, causation_id=f"command:{key}")
    lane: Lane = request.state.lane
    return await lane.ask(Keyed(key=key, route=path, body_hash=body_hash, take=take, origin=origin))


STRAIGHT: dict[str, Endpoint] = {
    "/holds": partial(take_place, "/holds", hold=True),
    "/appointments": partial(take_place, "/appointments", hold=False),
}
