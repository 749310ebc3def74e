"""How the HTTP side says that something went wrong: problem documents (RFC 9457, `application/problem+json`).

Invariant: every failure has a stable `code` and a `remedy`; none repeats what was sent, and a fault of ours says
nothing of its cause.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.auth import Forbidden, Unauthenticated
from shared.storable import is_json
from shared.wrong_fields import MOST_FIELDS, wrong_fields

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:problem-type:carejourney:"
DOCUMENT: Final = "check the request against the API document"
TITLES: Final[Mapping[int, str]] = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Where versions of Python have different words; a code is made of them."""
REMEDIES: Final[Mapping[int, str]] = {
    400: "send one JSON document in UTF-8, nested no deeper than the API document says",
    404: "check the path against the API document",
    405: "use a method that the Allow header names",
    413: "send less at once",
    415: "send application/json",
    429: "wait as long as Retry-After says and send it again with the same key",
    503: "wait as long as Retry-After says and send it again with the same key",
}

PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "Why a request was not carried out, and what to do instead (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code", "remedy"],
    "properties": {
        "type": {"type": "string", "description": f"`{TYPE_PREFIX}` and the code"},
        "title": {"type": "string", "description": "for people"},
        "status": {"type": "integer", "description": "the status of the answer"},
        "code": {"type": "string", "description": "stable, for programs", "examples": ["slot-full"]},
        "detail": {"type": "string", "description": "for people, where there is more to say"},
        "remedy": {"type": "string", "description": "for people: what to do instead"},
        "fields": {
            "type": "array",
            "description": "what is wrong with the input, field by field",
            "items": {
                "type": "object",
                "required": ["field", "reason", "remedy"],
                "properties": {
                    "field": {"type": "string", "examples": ["lines[3].class"]},
                    "in": {"type": "string", "examples": ["body", "query", "path"]},
                    "reason": {"type": "string"},
                    "remedy": {"type": "string"},
                },
            },
        },
    },
}
"""JSON Schema of what `problem` answers, for API documents."""


def problem(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    *,
    remedy: str,
    fields: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. `code` is stable, for programs; `title` and `remedy` are for people.

    Each of `fields` has `field` (such as `lines[3].class`), `reason` and `remedy`. Nothing given here may hold a value
    that came in, a name or a contact.
    """
    body: dict[str, Any] = {"type": TYPE_PREFIX + code, "title": title, "status": status, "code": code}
    optional = {"detail": detail, "remedy": remedy, "fields": list(fields)}
    body |= {member: value for member, value in optional.items() if value}
    return Response(orjson.dumps(body), status, dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every failure of `app` answer with a problem document."""
    app.add_exception_handler(RequestValidationError, _invalid_input)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Unauthenticated, _unauthenticated)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(Exception, _fault)


def unauthenticated(refusal: Unauthenticated) -> Response:
    """401; also for routes outside FastAPI."""
    challenge = {"WWW-Authenticate": "Bearer"}
    return problem(401, refusal.code, "No valid token", remedy=refusal.remedy, headers=challenge)


def forbidden(refusal: Forbidden) -> Response:
    """403; also for routes outside FastAPI."""
    return problem(403, refusal.code, "Not this caller's to do", remedy=refusal.remedy)


async def _invalid_input(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors = fault.errors()
    if not is_json(request) and any(tuple(error["loc"]) == ("body",) and error["input"] for error in errors):
        return problem(415, "unsupported-media-type", "The body is no JSON", remedy=REMEDIES[415])
    wrong = wrong_fields(errors)
    named = wrong[:MOST_FIELDS]
    detail = f"the first {MOST_FIELDS} of {len(wrong)} wrong fields are named" if len(wrong) > MOST_FIELDS else None
    remedy = "mend each of the fields as it says, then send the request again"
    return problem(422, "invalid-input", "The input was not understood", detail, remedy=remedy, fields=named)


async def _http_exception(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)  # noqa: S101 - registered for this class alone
    title = TITLES.get(fault.status_code) or HTTPStatus(fault.status_code).phrase
    code = title.lower().replace(" ", "-").replace("'", "")
    detail = fault.detail if fault.detail != title else None
    remedy = REMEDIES.get(fault.status_code, DOCUMENT)
    unread = {"field": "body", "in": "body", "reason": "cannot be read", "remedy": remedy}
    fields = [unread] if fault.status_code == HTTPStatus.BAD_REQUEST else []
    return problem(fault.status_code, code, title, detail, remedy=remedy, fields=fields, headers=fault.headers)


async def _unauthenticated(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Unauthenticated)  # noqa: S101 - registered for this class alone
    return unauthenticated(fault)


async def _forbidden(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Forbidden)  # noqa: S101 - registered for this class alone
    return forbidden(fault)


async def _fault(_: Request, __: Exception) -> Response:
    """The server above logs the exception, by type and place."""
    remedy = "send it again with the same key; if it stays so, give the operator the X-Correlation-Id of the answer"
    return problem(500, "fault", "A fault of this service", remedy=remedy)
