"""Reads a settlement case from JSON, writes cases and answers as JSON, and publishes both formats as JSON Schemas.

Nothing of a faulty case gets through, and every fault is named at once: the field, what is wrong, what to write.
"""

import json
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from services.discharge.settlement import packs
from services.discharge.settlement.model import (
    Answer,
    Case,
    Fault,
    Line,
    LineClass,
    Person,
    Referral,
    Unacceptable,
    YearToDate,
)
from services.discharge.settlement.shapes import AnswerShape, CaseShape, LineShape, PersonShape, YearShape

SCHEMA_FILES = {
    "settlement-case": "docs/schemas/settlement-case.schema.json",
    "settlement-answer": "docs/schemas/settlement-answer.schema.json",
}
_TWICE = object()
_INTEGER_DIGITS = 19
_ECHO_CHARACTERS = 40
_WRITE = {
    field.alias or name: field.description or ""
    for shape in (CaseShape, PersonShape, YearShape, LineShape)
    for name, field in shape.model_fields.items()
}


class _OwnTitles(GenerateJsonSchema):
    """Leaves out the titles that pydantic would make from a field's name."""

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def parse(text: str | bytes) -> Case:
    """A case from the text of its file (UTF-8). Raises `Unacceptable` with every fault."""
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        document = json.loads(decoded, object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError:
        raise _unreadable("is not UTF-8 text", "save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"is not JSON: {error}", "correct it there") from None
    except RecursionError:
        raise _unreadable("is nested too deeply", "write the format of docs/settle.md") from None
    return validate(document)


def validate(document: object) -> Case:
    """A case from parsed JSON. Raises `Unacceptable` with every fault."""
    shape, faults = None, []
    try:
        shape = CaseShape.model_validate(document, strict=True, from_attributes=False)
    except ValidationError as error:
        faults = [_fault(details) for details in error.errors(include_url=False)]
    if isinstance(document, dict):
        faults += _pack_faults(document, {fault.field for fault in faults})
    if faults or shape is None:
        raise Unacceptable(faults)
    return _case(shape)


def to_json(value: Case | Answer) -> dict[str, Any]:
    """A case or an answer in the words of its file, ready for `json.dumps`."""
    shape: type[BaseModel] = CaseShape if isinstance(value, Case) else AnswerShape
    return shape.model_validate(value).model_dump(mode="json")


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas by name; a case's `pack` is one of the packs there are."""
    case = CaseShape.model_json_schema(mode="validation", schema_generator=_OwnTitles)
    case["properties"]["pack"]["enum"] = list(packs.names())
    answer = AnswerShape.model_json_schema(mode="serialization", schema_generator=_OwnTitles)
    named = {"settlement-case": case, "settlement-answer": answer}
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {name: {"$schema": dialect, "$id": f"urn:carejourney:{name}:1", **schema} for name, schema in named.items()}


def generated() -> dict[str, str]:
    """What `make generated` writes and `make check` compares: path in the repository → text."""
    texts = {name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in schemas().items()}
    return {SCHEMA_FILES[name]: text for name, text in texts.items()}


def _case(shape: CaseShape) -> Case:
    return Case(
        pack=shape.pack,
        on=date.fromisoformat(shape.on),
        hospital_level=shape.hospital_level,
        admission_number=shape.admission_number,
        person=Person(retired=shape.person.retired, low_income=shape.person.low_income),
        referral=None if shape.referral is None else Referral(shape.referral),
        year_to_date=YearToDate(**shape.year_to_date.model_dump()),
        account_balance_fen=shape.account_balance_fen,
        lines=tuple(_line(line) for line in shape.lines),
    )


def _line(shape: LineShape) -> Line:
    return Line(
        name=shape.name,
        line_class=LineClass(shape.line_class),
        price_fen=shape.price_fen,
        count=Decimal(shape.count),
        price_limit_fen=shape.price_limit_fen,
        preself_ratio=Decimal(shape.preself_ratio),
    )


def _pack_faults(document: dict[str, Any], wrong: set[str]) -> list[Fault]:
    """What only a pack can say, of those fields that are sound in themselves."""
    if "pack" in wrong:
        return []
    name, faults = document["pack"], []
    try:
        pack = packs.load(name, date.max if "on" in wrong else date.fromisoformat(document["on"]))
    except Unacceptable as refused:
        faults = list(refused.faults)
        if name not in packs.names():
            return faults
        pack = packs.load(name, date.max)
    if "hospital_level" not in wrong and document["hospital_level"] not in pack.levels:
        faults.append(pack.level_fault(document["hospital_level"]))
    return faults


def _fault(details: ErrorDetails) -> Fault:
    place = details["loc"]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in place).lstrip(".")
    leaf = str(place[-1]) if place else ""
    if details["type"] == "missing":
        return Fault(field=field, problem="is missing", remedy=f"write {_WRITE[leaf]}")
    if details["type"] == "extra_forbidden":
        near = get_close_matches(leaf, _WRITE, n=1)
        remedy = f"write {near[0]} instead" if near else "remove it"
        return Fault(field=field, problem="is no key of the format", remedy=remedy)
    if details["input"] is _TWICE:
        return Fault(field=field, problem="is written twice", remedy="keep one of them")
    remedy = _WRITE.get(leaf, "an object with the keys of the format")
    return Fault(field=field or "case", problem=f"{_brief(details['input'])} is not allowed", remedy=f"write {remedy}")


def _brief(value: object) -> str:
    """A faulty value as its writer sees it, short and on one line."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    written = json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())
    return written if len(written) <= _ECHO_CHARACTERS else f"{written[:_ECHO_CHARACTERS]}…"


def _quoted(key: str) -> str:
    return key if key.isidentifier() and len(key) <= _ECHO_CHARACTERS else _brief(key)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose doubled keys hold a mark that no field accepts."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _TWICE if key in found else value
    return found


def _integer(digits: str) -> int | float:
    """Longer than any field takes: read as what no field accepts, so that the field is named."""
    return int(digits) if len(digits) <= _INTEGER_DIGITS else float(digits)


def _unreadable(problem: str, remedy: str) -> Unacceptable:
    return Unacceptable([Fault(field="case", problem=problem, remedy=remedy)])
