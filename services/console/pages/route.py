"""How a page answers: safe headers always, and pages instead of problem documents where something is not to be had.

Invariant: no page loads, sends or frames anything that is not this service's own.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from services.console.pages.access import admit_viewer
from services.console.pages.page import PageOf
from shared.auth import COOKIE, Forbidden, Unauthenticated
from shared.work import Missing

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class PageRoute(APIRoute):
    """A route whose answers are for people."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # awaitable will do
        """FastAPI's handler, between the viewer's token and the headers."""
        serve: Callable[[Request], Any] = super().get_route_handler()

        async def answer(request: Request) -> Response:
            admit_viewer(request)
            try:
                response: Response = await serve(request)
            except Unauthenticated:
                response = _to_sign_in(request)
            except Forbidden:
                response = PageOf(request).html("refused.html", 403)
            except (Missing, RequestValidationError):
                response = PageOf(request).html("missing.html", 404)
            for name, value in SAFE.items():
                response.headers[name] = value
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return answer


def _to_sign_in(request: Request) -> Response:
    """To the form, and back afterwards; a token that no longer counts is forgotten on the way."""
    back = (
        f"?next={quote(request.url.path, safe='/')}" if request.method == "GET" and request.url.path != "/live" else ""
    )
    response = RedirectResponse(f"/login{back}", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response
