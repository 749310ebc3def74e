"""What a process says about itself: one JSON line an event, on standard output.

Invariant: a line holds only keys of `KEYS` with values that are numbers, instants or single tokens, so no sentence, no
name and no payload can get into it, whoever speaks: our code, an exception or a library. What is held back is counted
under `dropped`. Exceptions appear as type and our own frames, never as message or locals.
"""

import ast
import contextlib
import functools
import logging
import re
import sys
import threading
import tokenize
import traceback
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from shared.clock import wall_now
from shared.envelope import origin
from shared.log_keys import KEYS

EVENT = re.compile(r"(?!.*\d{4})(?=.{1,60}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
TOKEN = re.compile(r"(?!\+?\d{11,}[Xx]?$)[!-~]{1,200}")
WITHHELD = "withheld"
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
OURS = ("services", "shared", "cli", "deploy")
HOUSE = Path(__file__).resolve().parent.parent
MOST_FRAMES = 12
MOST_COUNTED = 2**63


class Literal(str):
    """Words that stand literally in a program's source, so that they hold nothing of anybody's."""

    __slots__ = ()


class _Voice:
    """Who speaks and how loud; set once by `configure`."""

    service: str | None = None
    instance: str | None = None
    threshold: int = LEVELS["info"]


def configure(service: str, level: str = "info", instance: str | None = None) -> None:
    """Name the service, set the level, and bring every other way of speaking under the same rule.

    That is the standard library's loggers (libraries from warning on, at `debug` everything), warnings, and exceptions
    that nobody caught.
    """
    _Voice.service, _Voice.instance, _Voice.threshold = service, instance, LEVELS[level]
    structlog.configure(processors=list(PIPELINE), logger_factory=lambda *_: STDOUT, wrapper_class=BOUND)
    root = logging.getLogger()
    root.handlers[:] = [Handler()]
    root.setLevel(LEVELS[level] if level == "debug" else max(LEVELS[level], LEVELS["warning"]))
    for known in logging.root.manager.loggerDict.values():
        if isinstance(known, logging.Logger):
            known.handlers[:], known.propagate = [], True
            known.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)
    warnings.simplefilter("default" if level == "debug" else "ignore")
    sys.excepthook = _uncaught
    threading.excepthook = lambda crash: _uncaught(crash.exc_type, crash.exc_value, crash.exc_traceback)
    sys.unraisablehook = lambda crash: _uncaught(crash.exc_type, crash.exc_value, crash.exc_traceback)


def logger(name: str) -> FilteringBoundLogger:
    """A logger for the module `name`; give `__name__`. Its rule holds even where `configure` was never called.

    The event is a fixed code in lower case and hyphens; all that varies goes into keys:
    `log.warning("dead-letter", topic=topic, offset=offset)`.
    """
    silent: FilteringBoundLogger = structlog.wrap_logger(STDOUT, processors=PIPELINE, wrapper_class=BOUND)
    return silent.bind(logger=name)


class Handler(logging.Handler):
    """Takes what the standard library's loggers are told: logger, level, place, and the words only if they are literal.

    A library that puts values into its message before it logs is heard by place alone.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Say the record under the rule of this module."""
        literal = isinstance(record.msg, str) and record.msg.isascii() and record.msg in _literals(record.pathname)
        event: dict[str, object] = {
            "event": "library",
            "logger": record.name,
            "template": Literal(record.msg[:200]) if literal else None,
            "frames": [f"{Path(record.pathname).name}:{record.funcName}:{record.lineno}"],
        }
        if record.exc_info:
            event |= _fault(record.exc_info[1])
        level = next((name for name, number in LEVELS.items() if number >= record.levelno), "critical")
        STDOUT.msg(_line(_allowed(_stamped(None, level, event))))


class _Stdout:
    """Whatever is standard output at this moment, a whole line at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        """Write a line; where standard output is gone there is nobody left to tell."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stdout.write(line)
            sys.stdout.flush()

    debug = info = warning = error = critical = msg


def _loud_enough(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if LEVELS.get(method, LEVELS["error"]) < _Voice.threshold:
        raise structlog.DropEvent
    return event


def _stamped(_: WrappedLogger, level: str, event: Mapping[str, object]) -> EventDict:
    """Add when, how loud, who, and which request or event this belongs to."""
    cause = origin.get()
    head = {"at": wall_now(), "level": level, "service": _Voice.service, "instance": _Voice.instance}
    if cause is None:
        return {**head, **event}
    tail = {
        "correlation_id": cause.correlation_id,
        "causation_id": cause.causation_id,
        "traceparent": cause.traceparent,
    }
    return {**head, **event, **tail}


def _reduced(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Turn an exception into its type and our own frames."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    fault = given[1] if isinstance(given, tuple) else given
    return {**event, **_fault(fault)} if isinstance(fault, BaseException) else event


def _fault(fault: BaseException | None) -> dict[str, object]:
    """An exception's type, and where it passed through our own files, the innermost last."""
    if fault is None:
        return {}
    faults = list(islice(_chain(fault), MOST_FRAMES))
    frames = [frame for each in faults for frame in _our_frames(each)]
    causes = [type(each).__qualname__ for each in faults[1:]]
    return {
        "error": type(fault).__qualname__,
        "causes": causes or None,
        "frames": frames[-MOST_FRAMES:],
    }


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """The exception, then what it was raised from, or what a group holds."""
    yield fault
    inner = fault.exceptions if isinstance(fault, BaseExceptionGroup) else (fault.__cause__,)
    for each in inner:
        if each is not None:
            yield from _chain(each)


def _our_frames(fault: BaseException) -> list[str]:
    frames = traceback.StackSummary.extract(traceback.walk_tb(fault.__traceback__), lookup_lines=False)
    places = [(Path(frame.filename), f"{frame.name}:{frame.lineno}") for frame in frames]
    inside = [(path.relative_to(HOUSE), where) for path, where in places if path.is_relative_to(HOUSE)]
    return [f"{path.as_posix()}:{where}" for path, where in inside if path.parts[0] in OURS]


def _allowed(event: Mapping[str, object]) -> dict[str, object]:
    """Keep what is known and cannot hold anybody's words; count the rest."""
    spoken = {key: value for key, value in event.items() if value is not None}
    code = spoken.get("event")
    named = isinstance(code, str) and EVENT.fullmatch(code) is not None
    kept = {key: value for key, value in spoken.items() if key in KEYS and _harmless(value)}
    kept["event"] = code if named else WITHHELD
    dropped = len(spoken) - len(kept) + (not named)
    return kept | {"dropped": dropped} if dropped else kept


def _harmless(value: object) -> bool:
    if isinstance(value, Literal | bool | float | datetime | UUID):
        return True
    if isinstance(value, int):
        return abs(value) < MOST_COUNTED
    if isinstance(value, Enum):
        return _harmless(value.value)
    if isinstance(value, list | tuple):
        return len(value) <= MOST_FRAMES and all(_harmless(part) for part in value)
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


def _line(event: Mapping[str, object]) -> str:
    return orjson.dumps(event, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()


@functools.cache
def _literals(path: str) -> frozenset[str]:
    """Every string that stands in a source file; nothing when there is no source to read."""
    try:
        with tokenize.open(path) as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return frozenset(strings)


def _uncaught(kind: type[BaseException], fault: BaseException | None, _: TracebackType | None) -> None:
    """Nobody caught it: say so under the same rule, where Python would print message and all."""
    if not issubclass(kind, KeyboardInterrupt):
        logger("python").critical("uncaught", exc_info=fault)


STDOUT = _Stdout()
BOUND = structlog.make_filtering_bound_logger(0)
PIPELINE: Final = (
    _loud_enough,
    _stamped,
    _reduced,
    lambda _, __, event: _allowed(event),
    lambda _, __, event: _line(event),
)
