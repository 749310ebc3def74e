"""What is wrong with an input, field by field: where, why, and what to send instead.

Invariant: no value that came in goes out again. Reasons and remedies are written here and filled from the schema's
own limits; the words of a rule of ours are used only where they do not repeat the input.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

Field = dict[str, str]

MOST_FIELDS: Final = 50
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
MEMBER: Final = re.compile(r"<[\w.]+: ([^>]*)>")
"""How pydantic writes a member of an enumeration among the words that it expects."""
FITTING: Final = "send a value that fits the API document"
LIST: Final = ("is no list", "send a JSON array")
OBJECT: Final = ("is no object", "send a JSON object")
NUMBER: Final = ("is no number", "send a number such as 1.5")
INSTANT: Final = "send an instant with its time zone, such as 2026-03-02T04:00:00Z"
UNKNOWN: Final = ("is no known field", "leave it out; the API document names the fields")

EXACT: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", "add it"),
    "missing_argument": ("is missing", "add it"),
    "extra_forbidden": UNKNOWN,
    "unexpected_keyword_argument": UNKNOWN,
    "json_invalid": ("is no valid JSON", "send one JSON document in UTF-8"),
    "unstorable": (
        "cannot be kept",
        "leave out U+0000, lone surrogates, NaN, Infinity, and instants in the years 1 and 9999",
    ),
    "enum": ("is none of the known values", "send one of {expected}"),
    "literal_error": ("is none of the known values", "send one of {expected}"),
    "greater_than": ("is too small", "send more than {gt}"),
    "greater_than_equal": ("is too small", "send {ge} or more"),
    "less_than": ("is too large", "send less than {lt}"),
    "less_than_equal": ("is too large", "send {le} or less"),
    "multiple_of": ("is no multiple", "send a multiple of {multiple_of}"),
    "too_short": ("has too few entries", "send {min_length} or more"),
    "too_long": ("has too many entries", "send {max_length} or fewer"),
    "string_too_short": ("is too short", "send {min_length} characters or more"),
    "string_too_long": ("is too long", "send {max_length} characters or fewer"),
    "string_pattern_mismatch": ("has the wrong form", "send text that matches {pattern}"),
    "decimal_max_digits": ("has too many digits", "send {max_digits} digits or fewer"),
    "decimal_max_places": ("has too many decimal places", "send {decimal_places} or fewer"),
    "int_from_float": ("has a fraction", "send a whole number"),
    "date_past": ("does not lie in the past", "send an earlier day"),
    "date_future": ("does not lie in the future", "send a later day"),
    "timezone_aware": ("has no time zone", INSTANT),
    "time_delta_type": ("is no duration", "send one such as PT5M"),
    "time_delta_parsing": ("is no duration", "send one such as PT5M"),
    "union_tag_not_found": ("does not say its kind", "add the field {discriminator}"),
    "union_tag_invalid": ("is of no known kind", "set {discriminator} to one of {expected_tags}"),
}
FAMILIES: Final[Mapping[str, tuple[str, str]]] = {
    "uuid": ("is no UUID", "send one such as 0190b5a0-7c3e-7000-8000-000000000001"),
    "int": ("is no whole number", "send one such as 3"),
    "float": NUMBER,
    "decimal": NUMBER,
    "finite": NUMBER,
    "bool": ("is neither true nor false", "send true or false"),
    "string": ("is no text", "send a JSON string"),
    "datetime": ("is no instant", INSTANT),
    "date": ("is no day", "send one such as 2026-03-02"),
    "time": ("is no time of day", "send one such as 08:30"),
    "url": ("is no address", "send one such as https://example.org/"),
    "list": LIST,
    "tuple": LIST,
    "set": LIST,
    "frozen": LIST,
    "iterable": LIST,
    "dict": OBJECT,
    "mapping": OBJECT,
    "model": OBJECT,
    "dataclass": OBJECT,
}


def wrong_fields(errors: Iterable[Mapping[str, Any]]) -> list[Field]:
    """Pydantic's errors of a request as `field`, `in` (body, query, path, header or cookie), `reason`, `remedy`."""
    return [_wrong_field(error) for error in errors]


def path_of(parts: Iterable[object]) -> str:
    """`("lines", 3, "class")` as `lines[3].class`. A name that cannot be ours is shown as `?`: it is input too."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if isinstance(part, str) and NAME.fullmatch(part) else "?"
            path += f".{name}" if path else name
    return path


def _wrong_field(error: Mapping[str, Any]) -> Field:
    place, *inner = error["loc"] or ("body",)
    path = "" if error["type"] == "json_invalid" else path_of(inner)
    reason, remedy = _words(error)
    return {"field": path or str(place), "in": str(place), "reason": reason, "remedy": remedy}


def _words(error: Mapping[str, Any]) -> tuple[str, str]:
    kind = error["type"]
    ctx = error.get("ctx") or {}
    if "expected" in ctx:
        ctx = ctx | {"expected": MEMBER.sub(r"\1", ctx["expected"])}
    if kind in {"value_error", "assertion_error"}:
        return _own_words(str(ctx.get("error", "")), error.get("input"))
    reason, remedy = EXACT.get(kind) or FAMILIES.get(kind.partition("_")[0]) or ("does not fit", FITTING)
    return reason, remedy.format_map(ctx)


def _own_words(said: str, given: object) -> tuple[str, str]:
    """A rule says `reason: remedy`; it is not believed where it repeats what was given."""
    if not said or any(leaf in said for leaf in _leaves(given)):
        return "does not fit", FITTING
    reason, _, remedy = said.partition(": ")
    return reason, remedy or FITTING


def _leaves(given: object) -> Iterator[str]:
    """Every single value inside an input, as text."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield from _leaves(value)
            if not (isinstance(key, str) and NAME.fullmatch(key)):
                yield str(key)
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        for value in given:
            yield from _leaves(value)
    elif given is not None and not isinstance(given, bool) and (text := str(given)):
        yield text
