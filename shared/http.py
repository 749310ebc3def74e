"""What every service's HTTP side has in common: correlation ids, request metrics, health, and reading.

Middleware is pure ASGI: the convenient base class costs a request four times its own time.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth import ROLE_MISSING, open_route
from shared.commands import LOST_RACE, not_found
from shared.database import FAULTS, Database
from shared.effects import is_outage
from shared.envelope import Origin, caused_by
from shared.ids import new_text_id
from shared.problem import MEDIA_TYPE, PROBLEM, install, problem
from shared.storable import storable
from shared.telemetry import Telemetry
from shared.tracing import UNTRACED_PATHS, Kind, Step, given_traceparent
from shared.work import Missing

CORRELATION = b"x-correlation-id"
LONGEST_ID = 64
TOO_LARGE = 413
LARGEST_BODY_BYTES = 1024 * 1024
"""Of a request; a route that takes files says `max_body_size` of its own."""

PLAIN = (b"content-type", b"text/plain; charset=utf-8")

UNTOLD: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own telemetry would tell paths, and with them ids, and the words of errors; `shared.tracing` does not."""

PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}
PROBLEM_CONTENT: Final = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": PROBLEM_CONTENT}
    for status, text in (
        (400, "no idempotency key"),
        (401, "no valid token"),
        (403, "not this caller's role"),
        (404, "there is no such thing; `code` says what is missing, such as `patient-missing`"),
        (413, "too large"),
        (415, "a body that is no JSON"),
        (422, "not understood; `fields` names what and how to mend it"),
    )
}
"""For the `responses` of a router that reads; one that takes commands says `refusals`."""

Codes = type[StrEnum] | str
"""All the reasons of a capability, or one code."""


def refusals(*reasons: Codes, denied: Iterable[Codes] = ()) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a router whose rules say no for these reasons: the document names every code.

    `denied` are those that a `Denied` has, or a `Forbidden`: they come with 403, whatever `reasons` holds.
    """
    forbidden = _codes(denied)
    refused = {*_codes(reasons), LOST_RACE} - forbidden
    documented = {**REFUSALS, 409: _coded("refused by a rule; `code` says which, `remedy` what to do", refused)}
    if forbidden:
        documented[403] = _coded("not this caller's to do; `code` says why", {*forbidden, ROLE_MISSING})
    return documented


def _codes(reasons: Iterable[Codes]) -> set[str]:
    return {str(code) for reason in reasons for code in (reason if isinstance(reason, type) else (reason,))}


def _coded(description: str, codes: Iterable[str]) -> dict[str, Any]:
    """A problem whose code is one of these."""
    code = {"properties": {"code": {"type": "string", "enum": sorted(codes)}}}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"allOf": [PROBLEM_SCHEMA, code]}}}}


class Edge:
    """Gives each request its correlation id and counts it by route, method and status."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 500
        headers = dict(scope["headers"])
        correlation = _correlation(headers)
        header = CORRELATION, correlation.encode()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        with self._step(scope, correlation, given_traceparent(headers)) as step, caused_by(step.origin):
            try:
                await self._app(scope, receive, answer)
            finally:
                template = getattr(scope.get("route"), "path", "unmatched")
                method, seconds = scope["method"], perf_counter() - started
                self._requests(template, method, status).observe(seconds)
                step.rename(f"{method} {template}")
                step.note({"http.request.method": method, "http.route": template, "http.response.status_code": status})

    def _requests(self, template: str, method: str, status: int) -> Histogram:
        """The series of this kind of request; looking it up in the metric costs as much as the observation."""
        kind = template, method, status
        if (series := self._series.get(kind)) is None:
            series = self._series[kind] = self._telemetry.requests.labels(*kind)
        return series

    def _step(self, scope: Scope, correlation: str, traceparent: str | None) -> Step:
        """The request as a step of its caller's trace, or as the first of a new one."""
        cause = Origin(
            correlation_id=correlation,
            causation_id=f"request:{correlation}",
            traceparent=traceparent,
        )
        if scope["path"].startswith(UNTRACED_PATHS):
            return Step(cause)
        return self._telemetry.tracing.step(Kind.SERVER, scope["method"], cause)


class Worded:
    """Says of a body that is too large what we say; the framework has two plain words for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        replaced = False

        async def worded(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                replaced = message["status"] == TOO_LARGE and PLAIN in message["headers"]
                if replaced:
                    response = problem(TOO_LARGE, "content-too-large", "Content Too Large", remedy="send less at once")
                    await send({**message, "headers": response.raw_headers})
                    await send({"type": "http.response.body", "body": response.body})
            if not replaced:
                await send(message)

        await self._app(scope, receive, worded)


def _correlation(headers: Mapping[bytes, bytes]) -> str:
    """The caller's id where it is a decent one, else a new one."""
    given = headers.get(CORRELATION, b"")
    if 0 < len(given) <= LONGEST_ID and given.replace(b"-", b"").isalnum():
        return given.decode("ascii")
    return new_text_id()


@dataclass(frozen=True, slots=True)
class Queries:
    """What a reading route uses: `await queries.run(handlers.stay, stay_id)`; raises `Missing` for a 404."""

    database: Database

    async def run(self, handler: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:  # noqa: ANN401
        """The result of `handler(*arguments, work)`."""
        async with self.database.work() as work:
            return await handler(*arguments, work)


def _queries(request: Request) -> Queries:
    return Queries(request.app.state.database)


QueryRunner = Annotated[Queries, Depends(_queries)]


def health(ready: Callable[[], Awaitable[dict[str, str]]], state: Callable[[], Awaitable[dict[str, Any]]]) -> APIRouter:
    """Liveness, readiness, metrics and the internal state that a driver of time waits on."""
    router = APIRouter(dependencies=[open_route()])

    @router.get("/health/live", tags=["health"])
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @router.get("/health/ready", tags=["health"])
    async def readiness(response: Response) -> dict[str, str]:
        """Every part that is needed to serve is there; 503 and which one is not, otherwise."""
        missing = await ready()
        response.status_code = 503 if missing else 200
        return missing or {"status": "ready"}

    @router.get("/internal/state", tags=["health"])
    async def internal_state() -> dict[str, Any]:
        """What is still to be done: due timers, outbox, offsets. Holds counts and instants only."""
        return await state()

    @router.get("/metrics", tags=["health"])
    async def metrics(request: Request) -> Response:
        """Prometheus text format."""
        return Response(request.app.state.telemetry.render(), media_type="text/plain; version=0.0.4")

    return router


class Application(FastAPI):
    """A FastAPI whose API document has the shape of a problem."""

    def openapi(self) -> dict[str, Any]:
        """The document, with the schema that `PROBLEM_CONTENT` names."""
        told = super().openapi()
        told.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return told


def assembled(title: str, lifespan: Any, routers: Iterable[APIRouter]) -> FastAPI:  # noqa: ANN401 - FastAPI's own type
    """An application of these routers, whose every route bounds its body, keeps what can be kept, and says no alike."""
    app = Application(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        telemetry=UNTOLD,
        redirect_slashes=False,
        dependencies=[Depends(storable)],
    )
    install(app)
    install_missing(app)
    install_outage(app)
    for router in routers:
        app.include_router(router, max_body_size=LARGEST_BODY_BYTES)
    return app


def install_outage(app: FastAPI) -> None:
    """Answer 503 where the database went away in the middle of it; whatever else it raised stays a fault of ours."""

    async def answer(_: Request, fault: Exception) -> Response:
        if not is_outage(fault):
            raise fault
        remedy = "send it again with the same key: the answer says whether it took effect"
        return problem(
            503, "outcome-unknown", "The database did not answer", remedy=remedy, headers={"Retry-After": "1"}
        )

    for kind in FAULTS:
        app.add_exception_handler(kind, answer)


def install_missing(app: FastAPI) -> None:
    """Answer 404 wherever a reading route finds nothing."""

    async def answer(_: Request, missing: Exception) -> Response:
        assert isinstance(missing, Missing)  # noqa: S101 - registered for this class alone
        return not_found(missing)

    app.add_exception_handler(Missing, answer)
