"""Who calls, and whether they may: bearer JWTs signed with Ed25519, checked by each service against a JWKS file.

Invariants: no route without a rule (`may` or `open_route`; `routes_without_rule` finds the others); a token counts only
with a good signature, a subject and an end that lies ahead on the wall clock; a cookie counts only where a rule says
so. No error says anything about the token's content.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeGuard

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import iter_route_contexts
from fastapi.security.base import SecurityBase
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OKPKey
from joserfc.jwt import Claims, JWTClaimsRegistry, decode
from starlette.requests import cookie_parser

from shared.clock import wall_now

COOKIE: Final = "journey_token"
ALGORITHMS: Final = ("Ed25519", "EdDSA")
LEEWAY_SECONDS: Final = 30
LONGEST_TOKEN: Final = 4096
LONGEST_SUBJECT: Final = 200
MOST_REMEMBERED: Final = 4096
ROLE_MISSING: Final = "role-missing"
SIGN_IN: Final = "sign in again and send the new token as Authorization: Bearer"
PRACTITIONER: Final = re.compile(r"(?:.+/)?Practitioner/([\w.-]{1,64})")
"""What `fhirUser` says of somebody who works here (HL7 SMART App Launch 2, "fhirUser"): a reference or its full URL."""

Headers = Iterable[tuple[bytes, bytes]]


class Role(StrEnum):
    """What a caller is allowed to be; the values stand in the token's `roles` claim."""

    FRONT_DESK = "front-desk"
    CLINICIAN = "clinician"
    WARD_NURSE = "ward-nurse"
    COORDINATOR = "coordinator"
    BACK_OFFICE = "back-office"
    FOLLOWUP_NURSE = "followup-nurse"
    PATIENT_APP = "patient-app"
    VIEWER = "viewer"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified person or program.

    `wards` is None where the token does not limit them to any; `clinics`, which they work for, where it does not say.
    `practitioner` is their id in the hospital's schedules (FHIR Practitioner), None for who is somebody else there.
    """

    subject: str
    roles: frozenset[Role]
    wards: frozenset[str] | None = None
    clinics: frozenset[str] | None = None
    practitioner: str | None = None

    def in_ward(self, ward_id: str) -> bool:
        """Whether the token lets this caller act in the ward."""
        return self.wards is None or ward_id in self.wards


class Unauthenticated(Exception):
    """No valid token. The edge answers 401 with `code` and `remedy`."""

    def __init__(self, code: str, remedy: str = SIGN_IN) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy


class Forbidden(Exception):
    """A valid token without the role. The edge answers 403 with `code` and `remedy`."""

    def __init__(self, code: str, remedy: str) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy


class Verifier:
    """Turns tokens into callers; remembers the last few thousand good ones until they end.

    Raises `ValueError` when the file holds no Ed25519 public key, or a private one.
    """

    def __init__(self, jwks_path: str | Path, wall: Callable[[], datetime] = wall_now) -> None:
        self._keys = _public_keys(Path(jwks_path))
        self._wall = wall
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def caller(self, token: str) -> Caller:
        """Who holds this token. Raises `Unauthenticated`."""
        now = self._wall().timestamp()
        if known := self._known.get(token):
            caller, ends = known
            if ends > now - LEEWAY_SECONDS:
                self._known.move_to_end(token)
                return caller
            del self._known[token]
            raise Unauthenticated("token-expired")
        claims = self._claims(token, int(now))
        caller = _caller_of(claims)
        self._known[token] = caller, float(claims["exp"])
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return caller

    def _claims(self, token: str, now: int) -> Claims:
        """The claims behind a good signature, with an end that lies ahead."""
        if not (token.isascii() and len(token) <= LONGEST_TOKEN):
            raise Unauthenticated("token-malformed")
        rules = JWTClaimsRegistry(now=now, leeway=LEEWAY_SECONDS, exp={"essential": True}, sub={"essential": True})
        try:
            claims = decode(token, self._keys, algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except ExpiredTokenError:
            raise Unauthenticated("token-expired") from None
        except (BadSignatureError, InvalidKeyIdError):
            raise Unauthenticated("token-signature") from None
        except (JoseError, ValueError):
            raise Unauthenticated("token-malformed") from None
        return claims


def authorise(verifier: Verifier, headers: Headers, roles: Collection[Role], *, cookie: bool = False) -> Caller:
    """The caller behind the headers of an ASGI scope, if they have one of `roles`; for routes outside FastAPI.

    The cookie counts only with `cookie=True`, and never beside an Authorization header. Raises `Unauthenticated` or
    `Forbidden`.
    """
    caller = verifier.caller(_token(headers, cookie=cookie))
    if caller.roles.isdisjoint(roles):
        raise Forbidden(ROLE_MISSING, f"ask for one of the roles {', '.join(sorted(roles))}")
    return caller


class Rule(SecurityBase):
    """A route's rule: one of these roles. OpenAPI shows it as a bearer token.

    A route outside FastAPI carries its rule as the attribute `rule` of its endpoint.
    """

    def __init__(self, roles: Collection[Role], *, cookie: bool = False) -> None:
        if not roles:
            raise ValueError("a rule names at least one role; what is open to all says open_route()")
        self.roles = frozenset(Role(role) for role in roles)
        self.cookie = cookie
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Caller:
        """Admit the request or raise; the caller is `request.state.caller` afterwards."""
        verifier: Verifier = request.app.state.verifier
        caller = authorise(verifier, request.scope["headers"], self.roles, cookie=self.cookie)
        request.state.caller = caller
        return caller


class Open:
    """The rule of a route that anybody may call and that shows nothing of anybody: health, metrics, sign-in."""

    async def __call__(self) -> None:
        """Admit everybody."""


OPEN: Final = Open()


def may(*roles: Role, cookie: bool = False) -> Any:  # noqa: ANN401 - FastAPI types its own Depends so
    """For `dependencies=[may(Role.COORDINATOR)]`: one of `roles`; with `cookie` a page's HttpOnly cookie will do."""
    return Depends(Rule(roles, cookie=cookie))


def open_route() -> Any:  # noqa: ANN401 - FastAPI types its own Depends so
    """For `dependencies=[open_route()]`: anybody."""
    return Depends(OPEN)


def _current_caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
"""For a handler's parameter: who called, on a route that has a `may` rule."""


def routes_without_rule(app: FastAPI) -> list[str]:
    """Paths that say neither `may` nor `open_route`, sorted. FastAPI's own document pages need none."""
    return sorted(
        f"{','.join(sorted(route.methods or ()))} {route.path}".strip()
        for route in iter_route_contexts(app.routes)
        if not any(isinstance(rule, Rule | Open) for rule in _rules(route))
    )


def _rules(route: Any) -> Iterator[object]:  # noqa: ANN401 - FastAPI's contexts and Starlette's routes share no type
    endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
    if getattr(endpoint, "__module__", "") == "fastapi.applications":
        yield OPEN
    yield getattr(endpoint, "rule", None)
    if dependant := getattr(route, "dependant", None):
        yield from (dependency.call for dependency in dependant.dependencies)


def _token(headers: Headers, *, cookie: bool) -> str:
    cookies = ""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                raise Unauthenticated("token-malformed")
            return token.strip()
        if name == b"cookie" and cookie:
            cookies = f"{cookies};{value.decode('latin-1')}"
    if token := cookie_parser(cookies).get(COOKIE, ""):
        return token
    raise Unauthenticated("token-missing")


def _caller_of(claims: Claims) -> Caller:
    """Roles that this suite does not know are passed over: an issuer serves other programs too."""
    subject, roles = claims["sub"], claims.get("roles", [])
    if not (0 < len(subject) <= LONGEST_SUBJECT and _all_text(roles)):
        raise Unauthenticated("token-malformed")
    return Caller(
        subject,
        frozenset(Role(role) for role in roles if role in set(Role)),
        wards=_places(claims.get("wards")),
        clinics=_places(claims.get("clinics")),
        practitioner=_practitioner(claims.get("fhirUser"), subject),
    )


def _places(claim: object) -> frozenset[str] | None:
    if claim is None:
        return None
    if not _all_text(claim):
        raise Unauthenticated("token-malformed")
    return frozenset(claim)


def _practitioner(claim: object, subject: str) -> str | None:
    """Who has no `fhirUser` is known by the subject."""
    if claim is None:
        return subject
    if not isinstance(claim, str):
        raise Unauthenticated("token-malformed")
    named = PRACTITIONER.fullmatch(claim)
    return named[1] if named else None


def _all_text(values: object) -> TypeGuard[list[str]]:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _public_keys(path: Path) -> KeySet:
    try:
        keys = [key for key in KeySet.import_key_set(json.loads(path.read_bytes())) if isinstance(key, OKPKey)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError):
        raise ValueError(f"{path} is no JWKS file: write the token issuer's public keys there (RFC 7517)") from None
    if any(key.is_private for key in keys):
        raise ValueError(f"{path} holds a private key: give services the public part only")
    usable = [key for key in keys if key.curve_name == "Ed25519"]
    if not usable:
        raise ValueError(f"{path} holds no Ed25519 public key: the token issuer must sign with one")
    return KeySet(list(usable))
