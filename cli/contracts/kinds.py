"""What a field takes, in a person's words: `UUID`, `instant`, `text or null`, `one of C, O, U`."""

from collections.abc import Mapping
from typing import Any

WORDS = {
    "uuid": "UUID",
    "date-time": "instant",
    "date": "day",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def kind(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """The words for a field's schema, as pydantic writes it; `definitions` are what its references name."""
    if "$ref" in field:
        return kind(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return " or ".join(kind(one, definitions) for one in field["anyOf"])
    if "enum" in field:
        return f"one of {', '.join(map(str, field['enum']))}"
    if "const" in field:
        return f"always {field['const']}"
    if field.get("type") == "array":
        return f"list of {kind(field['items'], definitions)}"
    name: str = field.get("format") or field.get("type", "anything")
    return WORDS.get(name, name)
