"""The journey as a line drawing: a lane for each service, a dot for each event, a curve from each cause to its effect.

Pixels only; colours and names belong to the page. The drawing repeats what the list says and is hidden from readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.console.journey.model import Chain, Run, Step

LANES = ("registration", "beds", "discharge", "followup")
NARROW, WIDE = 22, 56
ROOM_FOR_DATE = 44
WIDTH = 1100
LEFT = 16
TOP = 34
LANE = 30
DATE_SPACE = 92


@dataclass(frozen=True, slots=True)
class Dot:
    """An event, or a run of `count` like ones."""

    x: int
    y: int
    service: str
    type: str
    event_id: UUID
    count: int = 1


@dataclass(frozen=True, slots=True)
class Link:
    """A curve from a cause to its effect, as SVG path data."""

    service: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole, `width` by `height`. `dates` are the places at which a day is written."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    links: tuple[Link, ...]
    dates: tuple[tuple[int, datetime], ...]
    lanes: tuple[tuple[str, int], ...]


def draw(shown: Sequence[Chain | Run]) -> Drawing:
    """Place everything from left to right in the order of the list, closer the more there is."""
    dots = sum(1 if isinstance(one, Run) else sum(1 for _ in one.walk()) for one in shown)
    pen = _Pen(min(WIDE, max(NARROW, WIDTH // max(1, dots))))
    for one in shown:
        if isinstance(one, Run):
            first = one.chains[0].steps[0]
            pen.dot(first, len(one.chains))
        else:
            for step in one.steps:
                pen.step(step, None)
    return Drawing(
        width=LEFT * 2 + ROOM_FOR_DATE + pen.space * max(0, len(pen.dots) - 1),
        height=TOP + LANE * len(LANES),
        dots=tuple(pen.dots),
        links=tuple(pen.links),
        dates=tuple(pen.dates),
        lanes=tuple((service, TOP + LANE * number + LANE // 2) for number, service in enumerate(LANES)),
    )


class _Pen:
    """Where drawing has come to."""

    def __init__(self, space: int) -> None:
        self.space = space
        self.dots: list[Dot] = []
        self.links: list[Link] = []
        self.dates: list[tuple[int, datetime]] = []

    def step(self, step: Step, cause: Dot | None) -> None:
        """A step and everything it caused."""
        dot = self.dot(step, 1)
        if cause is not None:
            self.links.append(Link(dot.service, _curve(cause, dot, self.space)))
        for effect in step.effects:
            self.step(effect, dot)

    def dot(self, step: Step, count: int) -> Dot:
        """The next dot to the right."""
        happening = step.happening
        x = LEFT + self.space * len(self.dots)
        lane = LANES.index(happening.service) if happening.service in LANES else len(LANES) - 1
        dot = Dot(x, TOP + LANE * lane + LANE // 2, happening.service, happening.type, happening.event_id, count)
        self.dots.append(dot)
        if not self.dates or x - self.dates[-1][0] >= DATE_SPACE:
            self.dates.append((x, happening.occurred_at))
        return dot


def _curve(cause: Dot, effect: Dot, space: int) -> str:
    """Straight within a lane where nothing lies between, else a curve."""
    if cause.y == effect.y and effect.x - cause.x <= space:
        return f"M{cause.x} {cause.y}H{effect.x}"
    if cause.y == effect.y:
        return f"M{cause.x} {cause.y}Q{(cause.x + effect.x) // 2} {cause.y - LANE // 2} {effect.x} {effect.y}"
    middle = (cause.x + effect.x) // 2
    return f"M{cause.x} {cause.y}C{middle} {cause.y} {middle} {effect.y} {effect.x} {effect.y}"
