"""Who may, as sentences."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from joserfc import jwk, jwt
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from shared.auth import (
    MOST_REMEMBERED,
    OPEN,
    Caller,
    CurrentCaller,
    Forbidden,
    Role,
    Rule,
    Unauthenticated,
    Verifier,
    authorise,
    may,
    open_route,
    routes_without_rule,
)
from shared.clock import FixedClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = jwk.OKPKey.generate_key("Ed25519", auto_kid=True)
STRANGER = jwk.OKPKey.generate_key("Ed25519", auto_kid=True)


def token(key=KEY, alg="Ed25519", **claims):
    """A token that is good for an hour from noon, but for what the test changes (None takes a claim away)."""
    whole = {"sub": "nurse-7", "roles": ["ward-nurse"], "iat": NOON, "exp": NOON + timedelta(hours=1)} | claims
    present = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": key.kid}, present, key, algorithms=[alg])


@pytest.fixture
def clock():
    """Wall time in the test's hand."""
    return FixedClock(NOON)


@pytest.fixture
def jwks(tmp_path):
    """The public keys' file."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    return path


@pytest.fixture
def verifier(jwks, clock):
    """A service's verifier."""
    return Verifier(jwks, clock.now)


def refused(verifier, text):
    """The code a token is refused with."""
    with pytest.raises(Unauthenticated) as refusal:
        verifier.caller(text)
    return refusal.value.code


def test_a_good_token_names_its_caller(verifier):
    caller = verifier.caller(token(wards=["N3"], clinics=["cardiology", "echo"]))
    roles, wards, clinics = {Role.WARD_NURSE}, frozenset({"N3"}), frozenset({"cardiology", "echo"})
    assert caller == Caller("nurse-7", frozenset(roles), wards, clinics, practitioner="nurse-7")


@pytest.mark.parametrize(
    ("claim", "practitioner"),
    [
        (None, "nurse-7"),
        ("Practitioner/D-1042", "D-1042"),
        ("https://fhir.example/r4/Practitioner/D-1042", "D-1042"),
        ("Patient/D-1042", None),
        ("https://fhir.example/NoPractitioner/D-1042", None),
        ("Practitioner/D-1042/_history/2", None),
    ],
)
def test_a_practitioner_is_known_by_the_standard_claim_else_by_the_subject(verifier, claim, practitioner):
    assert verifier.caller(token(fhirUser=claim)).practitioner == practitioner


def test_a_token_without_clinics_says_nothing_and_an_empty_list_says_none(verifier):
    assert verifier.caller(token()).clinics is None
    assert verifier.caller(token(clinics=[])).clinics == frozenset()


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_the_older_name_of_the_algorithm_is_welcome_too(verifier):
    assert verifier.caller(token(alg="EdDSA")).subject == "nurse-7"


def test_a_role_of_another_program_is_passed_over(verifier):
    assert verifier.caller(token(roles=["coordinator", "brew-coffee"])).roles == {Role.COORDINATOR}


def test_a_caller_without_wards_in_the_token_is_bound_to_none_and_one_with_an_empty_list_may_enter_none():
    assert Caller("a", frozenset()).in_ward("N3")
    assert Caller("a", frozenset(), frozenset({"N3"})).in_ward("N3")
    assert not Caller("a", frozenset(), frozenset()).in_ward("N3")


def test_a_token_ends_half_a_minute_after_its_time_also_when_it_is_remembered(verifier, clock):
    held = token()
    verifier.caller(held)
    clock.set(NOON + timedelta(hours=1, seconds=29))
    assert verifier.caller(held)
    clock.advance(timedelta(seconds=1))
    assert refused(verifier, held) == "token-expired"
    assert refused(verifier, held) == "token-expired"


def test_a_strangers_signature_is_refused(verifier):
    forged = jwt.encode(
        {"alg": "Ed25519", "kid": KEY.kid}, {"sub": "x", "exp": 2**40}, STRANGER, algorithms=["Ed25519"]
    )
    assert refused(verifier, forged) == "token-signature"
    assert refused(verifier, token(key=STRANGER)) in {"token-signature", "token-malformed"}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 201},
        {"roles": "coordinator"},
        {"roles": [1]},
        {"wards": "N3"},
        {"clinics": "cardiology"},
        {"fhirUser": ["Practitioner/D-1042"]},
        {"nbf": NOON + timedelta(minutes=1)},
        {"exp": float("nan")},
    ],
)
def test_claims_that_are_missing_or_misshapen_are_refused(verifier, claims):
    assert refused(verifier, token(**claims)) == "token-malformed"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ü.ü.ü", "a" * 5000])
def test_what_is_no_token_is_refused(verifier, text):
    assert refused(verifier, text) == "token-malformed"


def test_a_token_without_signature_or_signed_with_a_shared_secret_is_refused(verifier):
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ."
    secret = jwk.OctKey.import_key(KEY.as_dict(private=False)["x"])
    shared = jwt.encode({"alg": "HS256", "kid": KEY.kid}, {"sub": "x", "exp": 2**40}, secret)
    assert {refused(verifier, unsigned), refused(verifier, shared)} == {"token-malformed"}


def test_only_so_many_tokens_are_remembered(verifier):
    good = token()
    caller = verifier.caller(good)
    verifier._known.update((str(number), (caller, 2.0**40)) for number in range(MOST_REMEMBERED - 1))
    verifier.caller(good)
    verifier.caller(token(sub="another"))
    assert len(verifier._known) == MOST_REMEMBERED
    assert good in verifier._known


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JWKS file"),
        ("[]", "is no JWKS file"),
        ('{"keys": [7]}', "is no JWKS file"),
        (json.dumps({"keys": [KEY.as_dict(private=True)]}), "holds a private key"),
        (json.dumps({"keys": [jwk.OKPKey.generate_key("X25519", private=False).as_dict()]}), "no Ed25519 public key"),
    ],
    ids=["half a file", "no object", "a number", "private", "another curve"],
)
def test_a_wrong_key_file_stops_the_start_and_says_why(tmp_path, content, message):
    path = tmp_path / "jwks.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        Verifier(path)


def test_headers_of_a_plain_asgi_route_are_enough(verifier):
    headers = [(b"host", b"h"), (b"authorization", b"bearer " + token().encode())]
    assert authorise(verifier, headers, {Role.WARD_NURSE}).subject == "nurse-7"
    with pytest.raises(Forbidden) as refusal:
        authorise(verifier, headers, {Role.COORDINATOR, Role.BACK_OFFICE})
    assert refusal.value.remedy == "ask for one of the roles back-office, coordinator"


@pytest.mark.parametrize("value", [b"Basic abc", b"Bearer", b"Bearer  "])
def test_a_header_that_is_no_bearer_token_is_refused(verifier, value):
    with pytest.raises(Unauthenticated, match="token-malformed"):
        authorise(verifier, [(b"authorization", value)], {Role.WARD_NURSE})


def test_a_cookie_counts_only_where_the_rule_says_so(verifier):
    headers = [(b"cookie", b"lang=zh"), (b"cookie", b"journey_token=" + token().encode())]
    assert authorise(verifier, headers, {Role.WARD_NURSE}, cookie=True).subject == "nurse-7"
    with pytest.raises(Unauthenticated, match="token-missing"):
        authorise(verifier, headers, {Role.WARD_NURSE})


def test_a_rule_without_a_role_cannot_be_written():
    with pytest.raises(ValueError, match="at least one role"):
        may()


def service(verifier):
    """An application with routes of every kind."""
    app = FastAPI()
    app.state.verifier = verifier
    router = APIRouter(prefix="/stays", dependencies=[may(Role.WARD_NURSE)])

    @router.get("/me")
    async def me(caller: CurrentCaller) -> str:
        return caller.subject

    @app.get("/health", dependencies=[open_route()])
    async def health() -> str:
        return "fine"

    app.include_router(router, prefix="/v1")
    return app


async def get(app, path, text=None):
    """The status and JSON of one request."""
    headers = {"authorization": f"Bearer {text}"} if text else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(path, headers=headers)
        return answer.status_code, answer.json()


async def test_a_route_knows_its_caller_and_open_routes_need_none(verifier):
    app = service(verifier)
    assert await asyncio.gather(get(app, "/v1/stays/me", token()), get(app, "/health")) == [
        (200, "nurse-7"),
        (200, "fine"),
    ]


async def test_a_route_refuses_who_has_no_token_or_not_the_role(verifier):
    app = service(verifier)
    with pytest.raises(Unauthenticated, match="token-missing"):
        await get(app, "/v1/stays/me")
    with pytest.raises(Forbidden, match="role-missing"):
        await get(app, "/v1/stays/me", token(roles=["viewer"]))


def test_the_api_document_shows_which_routes_need_a_token(verifier):
    document = service(verifier).openapi()
    assert document["paths"]["/v1/stays/me"]["get"]["security"] == [{"bearer": []}]
    assert "security" not in document["paths"]["/health"]["get"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_route_without_a_rule_is_found_of_whatever_kind(verifier):
    app = service(verifier)
    assert routes_without_rule(app) == []

    async def forgotten() -> str:
        return ""

    async def plain(scope, receive, send):
        await PlainTextResponse("")(scope, receive, send)

    class Ruled:
        rule = Rule({Role.PATIENT_APP})

    class Pages:
        rule = OPEN

    app.get("/forgotten")(forgotten)
    late = APIRouter()
    late.post("/late")(forgotten)
    app.include_router(late, prefix="/v1")
    app.router.routes += [Route("/hot", Ruled), Route("/plain", plain), Mount("/static", Pages())]
    assert routes_without_rule(app) == ["GET /forgotten", "GET,HEAD /plain", "POST /v1/late"]
