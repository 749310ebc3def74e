"""Who may look, and with which token.

Invariant: a token is in a cookie that scripts cannot read, or in a header, and never in an address.
"""

from fastapi import Request

from shared.auth import COOKIE, Caller, Role

READERS = tuple(role for role in Role if role is not Role.PATIENT_APP)
"""All who work in the hospital. The pages show ids and codes; an app of one patient has no business here."""

MAY_KNOW_NAMES = frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.WARD_NURSE, Role.FOLLOWUP_NURSE})
"""Whom registration tells a name. It decides; this only spares the others the question."""


def names_allowed(caller: Caller) -> bool:
    """Whether it makes sense to ask registration for a name."""
    return not caller.roles.isdisjoint(MAY_KNOW_NAMES)


def token_of(request: Request) -> str:
    """The caller's own token, as it came; the request has been admitted with it."""
    _, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bearer or request.cookies.get(COOKIE, "")


def signed_in(request: Request) -> bool:
    """Whether the browser itself brought a token, rather than being let in as the viewer."""
    return COOKIE in request.cookies and not getattr(request.state, "as_viewer", False)


def admit_viewer(request: Request) -> None:
    """Where the stack has a viewer's token and the browser brings none, look with that one."""
    viewer: str | None = request.app.state.viewer_token
    if viewer and "authorization" not in request.headers and COOKIE not in request.cookies:
        request.state.as_viewer = True
        request.scope["headers"] = [*request.scope["headers"], (b"cookie", f"{COOKIE}={viewer}".encode())]


def same_site(request: Request) -> bool:
    """Whether a form was sent from our own pages; browsers say so, and nobody else can make them lie."""
    return request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
