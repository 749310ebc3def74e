"""The files that pages load: our own style, script and icon, and htmx from where it is installed.

Invariant: only the files named here are served, as they were at start; an address changes when its file does, so a
browser may keep what it has for ever.
"""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from shared.auth import open_route

OURS = Path(__file__).with_name("static")
HTMX = Path("django_htmx/static/django_htmx")
STYLE, SCRIPT, ICON = "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"

router = APIRouter(tags=["files"], dependencies=[open_route()])


class Files:
    """What is served under `/static/`. Raises `ValueError` where htmx is not installed in `assets`."""

    def __init__(self, assets: Path) -> None:
        places = {
            "console.css": (OURS / "console.css", STYLE),
            "console.js": (OURS / "console.js", SCRIPT),
            "icon.svg": (OURS / "icon.svg", ICON),
            "htmx.js": (assets / HTMX / "htmx-4.min.js", SCRIPT),
            "hx-sse.js": (assets / HTMX / "ext" / "hx-sse-4.min.js", SCRIPT),
        }
        try:
            self._files = {name: (path.read_bytes(), kind) for name, (path, kind) in places.items()}
        except OSError as fault:
            raise ValueError(f"holds no {Path(str(fault.filename)).name}") from None
        self._versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, (content, _) in self._files.items()}

    def address(self, name: str) -> str:
        """Where a page finds the file in this version."""
        return f"/static/{name}?v={self._versions[name]}"

    def answer(self, name: str) -> Response:
        """The file. Raises `HTTPException` 404 for any other name."""
        if name not in self._files:
            raise HTTPException(404)
        content, kind = self._files[name]
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type=kind, headers=headers)


@router.get("/static/{name}", response_class=Response)
async def file(name: str, request: Request) -> Response:
    """A style, a script or an icon."""
    files: Files = request.app.state.files
    return files.answer(name)
