"""Every operation of a service's API document, asked with what fits the document and with what does not.

What comes back has to be in the document too: its status, its content type, its body. Ids that are known to the service
stand beside the made-up ones, so that an operation is not only asked for what does not exist.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.ids import new_id
from tests.support.contracts import BUDGET, MOST

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KINDS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
Known = dict[str, list[Any]]


def faults(document: dict[str, Any], url: str, token: str, known: Known, examples: int | None) -> list[str]:
    """Ask every operation; what was answered otherwise than documented, one text an operation."""
    schema = schemathesis.openapi.from_dict(with_known(document, known))
    found = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        operations = [result.ok() for result in schema.get_all_operations()]
        few = min(MOST, max(1, BUDGET // len(operations)))
        for operation in operations:
            for kind in KINDS:
                try:
                    _ask(operation, kind, url, session, few, examples)
                except FailureGroup as group:
                    found.append(f"{operation.label} ({kind.value}): {group}")
                except BaseExceptionGroup as group:
                    found += [f"{operation.label} ({kind.value}): {one}" for one in group.exceptions]
    return found


def _ask(
    operation: Any, kind: GenerationMode, url: str, session: requests.Session, few: int, examples: int | None
) -> None:
    @given(case=operation.as_strategy(generation_mode=kind))
    @settings(
        max_examples=examples or few,
        derandomize=examples is None,
        database=None,
        deadline=None,
        phases=(Phase.generate,) if examples is None else (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        headers = {"Idempotency-Key": str(new_id())}
        case.validate_response(case.call(base_url=url, session=session, headers=headers), checks=CHECKS)

    ask()


def with_known(document: dict[str, Any], known: Known) -> dict[str, Any]:
    """The document, in which whatever has a known name may be one of the known values."""
    told = deepcopy(document)
    for holder, name, schema in _named(told):
        if name in known and "enum" not in schema:
            holder["schema" if "in" in holder else name] = {"anyOf": [{"enum": known[name]}, schema]}
    return told


def _named(part: Any) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Each schema that has a name, as a property or a parameter, and where it stands."""
    if isinstance(part, list):
        for one in part:
            yield from _named(one)
    elif isinstance(part, dict):
        if isinstance(part.get("schema"), dict) and "in" in part:
            yield part, part["name"], part["schema"]
        for name, schema in list(part.get("properties", {}).items()):
            if isinstance(schema, dict):
                yield part["properties"], name, schema
        for one in list(part.values()):
            yield from _named(one)
