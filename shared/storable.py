"""What can be kept: texts that PostgreSQL takes, numbers, instants. The rest is refused by its field's name.

JSON can say the character U+0000, half a surrogate pair and, as Python reads it, NaN and Infinity; PostgreSQL's text
takes neither of the first two, and no reader of ours expects the others. An instant in the first or the last year of
the calendar is none in another zone.

Invariant: what passes here is stored as it came, whatever field it is in.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError

SIGNS: Final = re.compile(rb"\\u|NaN|Infinity|[0-9][eE]\+?[0-9]{3}|(?:0001|9999)-")
"""What a body must hold somewhere before it is worth looking at each of its values."""

QUERY_SIGNS: Final = re.compile(rb"%00|(?:0001|9999)-")
AT_THE_END: Final = re.compile(r"(?:0001|9999)-[0-9]{2}-[0-9]{2}[Tt _]")
"""An instant in the first or last year of the calendar. A day in them is a day in every zone."""

Place = tuple[object, ...]


async def storable(request: Request) -> None:
    """For every route of a service. Raises what a wrong field raises, and so becomes a 422."""
    wrong = [_wrong(("path", name)) for name, value in request.path_params.items() if not _is_kept(value)]
    if QUERY_SIGNS.search(request.scope["query_string"]):
        wrong += [_wrong(("query", name)) for name, value in request.query_params.multi_items() if not _is_kept(value)]
    if not wrong and is_json(request) and SIGNS.search(await request.body()):
        wrong = [_wrong(("body", *place)) for place, value in _leaves(await request.json()) if not _is_kept(value)]
    if wrong:
        raise RequestValidationError(wrong)


def is_json(request: Request) -> bool:
    """Whether the request says that its body is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _leaves(body: Any) -> Iterator[tuple[Place, object]]:  # noqa: ANN401 - any JSON
    """Every value that holds no others, and every name, with its place. Keeps a list of its own: bodies may be deep."""
    waiting: list[tuple[Place, Any]] = [((), body)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                yield (*place, name), name
                waiting.append(((*place, name), inner))
        elif isinstance(value, list):
            waiting += [((*place, number), inner) for number, inner in enumerate(value)]
        else:
            yield place, value


def _is_kept(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        whole = "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
        return whole and not AT_THE_END.match(value)
    return True


def _wrong(place: Place) -> dict[str, Any]:
    return {"type": "unstorable", "loc": place, "msg": "cannot be kept", "input": None}
