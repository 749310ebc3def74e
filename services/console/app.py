"""The console, put together: its pages, its projection and its feed on one screen. Nothing connects at import."""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated
from zoneinfo import ZoneInfo

import httpx
from pydantic import AfterValidator, Field, FilePath

from services.console.board.api import reports
from services.console.board.api import router as board
from services.console.board.model import Change
from services.console.consumers import REACTIONS
from services.console.desk.api import router as desk
from services.console.journey.api import NAME_SECONDS
from services.console.journey.api import router as journey
from services.console.live.api import apps
from services.console.live.api import router as live
from services.console.live.feed import Feed
from services.console.pages.files import Files
from services.console.pages.files import router as files
from services.console.pages.language import Tag
from services.console.pages.names import Names
from services.console.pages.page import Pages
from services.console.pages.signing_in import router as signing_in
from services.console.tables import Row
from shared.hosting import Host, Service
from shared.settings import Settings
from shared.zones import is_zone


def _assets(path: Path) -> Path:
    Files(path)
    return path


def _names(path: Path | None) -> Path | None:
    Names(path)
    return path


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("is no time zone")
    return name


class ConsoleSettings(Settings):
    """What the console needs beyond what every service does."""

    assets: Annotated[Path, AfterValidator(_assets)] = Field(
        default=Path(sys.prefix) / "assets",
        validate_default=True,
        description="install requirements/assets.txt there with `pip install --no-deps --target`, or give where it is",
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Asia/Shanghai", description="give the hospital's time zone, such as Asia/Shanghai"
    )
    viewer_token_file: FilePath | None = Field(
        default=None,
        description="give a file with a viewer's token to show pages without signing in (demo), or leave it out",
    )
    names_file: Annotated[FilePath | None, AfterValidator(_names)] = Field(
        default=None,
        description="give a JSON file with the names of campuses, wards, clinics and specialties, or leave it out",
    )
    registration_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="give registration's address to show names to those who may see them, or leave it out",
    )


@asynccontextmanager
async def resources(host: Host) -> AsyncIterator[None]:
    """Templates, files, the way to registration, and the feed."""
    settings = host.settings
    if not isinstance(settings, ConsoleSettings) or "api" not in host.parts:
        yield
        return
    state, zone = host.app.state, ZoneInfo(settings.time_zone)
    state.zone = zone
    state.files = Files(settings.assets)
    pages = state.pages = Pages(zone, state.files, Names(settings.names_file))
    viewer = settings.viewer_token_file
    state.viewer_token = viewer.read_text().strip() if viewer else None
    state.registration = None

    def draw(change: Change, tag: Tag) -> str:
        return pages.draw("change.html", tag, change=change)

    feed = state.feed = Feed(host.database, zone, draw)
    async with AsyncExitStack() as stack:
        if settings.registration_url:
            client = httpx.AsyncClient(base_url=settings.registration_url, timeout=NAME_SECONDS, trust_env=False)
            state.registration = await stack.enter_async_context(client)
        stack.enter_context(_when_told_to_stop(feed.close))
        running = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            feed.close()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@contextmanager
def _when_told_to_stop(act: Callable[[], None]) -> Iterator[None]:
    """Act as soon as the process is told to stop: a server waits for its streams before it tells anybody else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SERVICE = Service(
    name="console",
    title="carejourney console",
    migrations=Path(__file__).with_name("migrations"),
    metadata=Row.metadata,
    routers=(board, desk, journey, live, apps, reports, signing_in, files),
    reactions=REACTIONS,
    settings=ConsoleSettings,
    resources=resources,
)
