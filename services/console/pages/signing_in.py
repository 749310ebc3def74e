"""Signing in and out, and choosing a language: forms that set a cookie and go back to a page of this service."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.console.pages.access import READERS, same_site
from services.console.pages.language import COOKIE as LANGUAGE_COOKIE
from services.console.pages.language import Tag
from services.console.pages.page import Page
from services.console.pages.route import PageRoute
from shared.auth import COOKIE, LONGEST_TOKEN, Forbidden, Unauthenticated, Verifier, open_route

router = APIRouter(tags=["pages"], route_class=PageRoute, dependencies=[open_route()])

YEAR_SECONDS = 31_536_000
Back = Annotated[str, Form(alias="next", max_length=500)]


@router.get("/login", response_class=HTMLResponse)
async def sign_in_form(page: Page, request: Request) -> HTMLResponse:
    """The form that takes a token."""
    return page.html("login.html", back=_own_path(request.query_params.get("next", "/")), refused=None)


@router.post("/login", response_class=HTMLResponse)
async def sign_in(
    page: Page, request: Request, token: Annotated[str, Form(max_length=LONGEST_TOKEN)], back: Back = "/"
) -> Response:
    """Keep the token in a cookie that scripts cannot read, if it is a good one of somebody who works here."""
    if not same_site(request):
        raise Forbidden("form-from-elsewhere", "open the form on this site and send it again")
    verifier: Verifier = request.app.state.verifier
    try:
        caller = verifier.caller(token.strip())
    except Unauthenticated as refusal:
        return page.html("login.html", 401, back=_own_path(back), refused=refusal.code)
    if caller.roles.isdisjoint(READERS):
        return page.html("login.html", 403, back=_own_path(back), refused="role-missing")
    response = RedirectResponse(_own_path(back), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token.strip(), httponly=True, samesite="lax", secure=secure)
    return response


@router.post("/logout", response_class=RedirectResponse)
async def sign_out(request: Request) -> Response:
    """Forget the token."""
    if not same_site(request):
        raise Forbidden("form-from-elsewhere", "open the form on this site and send it again")
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


@router.post("/language", response_class=RedirectResponse)
async def choose_language(request: Request, lang: Annotated[Tag, Form()], back: Back = "/") -> Response:
    """Remember the language for a year."""
    response = RedirectResponse(_own_path(back), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(LANGUAGE_COOKIE, lang, max_age=YEAR_SECONDS, httponly=True, samesite="lax", secure=secure)
    return response


def _own_path(path: str) -> str:
    """The path, if it leads to a page of this service; otherwise the first page."""
    parts = urlsplit(path)
    ours = not parts.scheme and not parts.netloc and path.startswith("/") and "\\" not in path
    return path if ours and not path.startswith("//") else "/"
