"""The console in a real browser: Debian's chromium against the service on a loopback port.

Invariant: a page may load nothing from anywhere but the service under test, and says nothing on the browser's console.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from services.console.app import SERVICE
from shared.effects import Effects
from shared.inbox import Record
from tests.console.scene import AFTERNOON, HOSPITAL, afternoon_of_others, all_beds, whole_journey
from tests.support.service import ServiceFactory, ServiceUnderTest
from tests.support.waiting import until

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """The running console and what a browser did there."""

    service: ServiceUnderTest
    address: str
    browser: Browser
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def take(self, records: Sequence[Record]) -> None:
        """Let the projection take records as its consumer would."""
        host = self.service.host
        await Effects("console", host.database, host.service.reactions, host.telemetry).take(records)

    async def page(self, path: str = "/", *, language: str = "en", **context: Any) -> Page:
        """A page in a browser of its own."""
        opened = await self.browser.new_context(locale=language, **context)
        page = await opened.new_page()
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.address + path)
        return page


Sites = Callable[..., Any]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Debian's chromium; without it the test is skipped, and says so."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs chromium: install Debian's packages chromium and fonts-noto-cjk")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        await running.close()


@pytest.fixture
def serve(run_service: ServiceFactory, chromium: Browser) -> Sites:
    """Runs the console on a free port, for `async with`; keyword arguments become settings."""

    @asynccontextmanager
    async def site(**settings: Any) -> AsyncIterator[Site]:
        async with run_service(SERVICE, at=AFTERNOON, names_file=HOSPITAL / "names.json", **settings) as service:
            server = uvicorn.Server(
                uvicorn.Config(service.host.app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
            )
            serving = asyncio.create_task(server.serve())
            await until(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            try:
                yield Site(service, f"http://127.0.0.1:{port}", chromium)
            finally:
                service.host.app.state.feed.close()
                server.should_exit = True
                await serving

    return site


@pytest.fixture
async def site(serve: Sites, viewer_token: Callable[[ServiceUnderTest], Awaitable[None]]) -> AsyncIterator[Site]:
    """The console with a hospital in it, open to a viewer."""
    async with serve() as running:
        await viewer_token(running.service)
        await running.take(all_beds())
        await running.take(afternoon_of_others())
        await running.take(whole_journey())
        yield running


@pytest.fixture
async def small_site(serve: Sites, viewer_token: Callable[[ServiceUnderTest], Awaitable[None]]) -> AsyncIterator[Site]:
    """As `site`, with two wards: every kind of bed is there, and each only as often as it takes."""
    async with serve() as running:
        await viewer_token(running.service)
        await running.take(all_beds()[:60])
        await running.take(afternoon_of_others())
        await running.take(whole_journey())
        yield running


@pytest.fixture
def viewer_token() -> Callable[[ServiceUnderTest], Awaitable[None]]:
    """Lets browsers in without signing in, as `JOURNEY_VIEWER_TOKEN_FILE` does."""

    async def let_in(service: ServiceUnderTest) -> None:
        service.host.app.state.viewer_token = service.token("viewer")

    return let_in
