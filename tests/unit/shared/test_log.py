"""What a process may say about itself, as sentences. `CANARY` stands for a patient and must never be heard."""

import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import pytest
import structlog
from jsonschema import Draft202012Validator, FormatChecker

from shared.clock import FixedClock
from shared.envelope import Origin, caused_by
from shared.log import WITHHELD, configure, logger
from shared.log_keys import KEYS, schema

CANARY = "欧阳静怡"
CANARIES = (CANARY, "Jerold208 Schmeler639", "+8613800138000", "11010519491231002X")
STAY_ID = UUID("0190b5a0-0000-7000-8000-000000000001")


class Reason(StrEnum):
    """A code, as refusals have them."""

    BED_TAKEN = "bed-taken"


@contextmanager
def untouched() -> Iterator[None]:
    """Put back what `configure` replaces, so that other tests hear themselves."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level, filters = root.handlers[:], root.level, warnings.filters[:]
    try:
        yield
    finally:
        root.handlers[:], warnings.filters[:] = handlers, filters
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        structlog.reset_defaults()


@pytest.fixture
def said(capfd):
    """Everything that reached standard output, as events that keep to the schema; no canary is anywhere."""
    heard = []
    line_schema = Draft202012Validator(schema(), format_checker=FormatChecker())

    def read():
        out, err = capfd.readouterr()
        assert err == ""
        assert not [canary for canary in CANARIES if canary in out]
        lines = [json.loads(line) for line in out.splitlines()]
        for line in lines:
            line_schema.validate(line)
        heard.extend(lines)
        return heard

    with untouched():
        configure("beds", "info", instance="1")
        yield read
    read()


def test_an_event_says_when_who_and_what(said):
    logger("services.beds.app").info(
        "bed-reserved", count=3, reason=Reason.BED_TAKEN, due_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    [line] = said()
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert line == {
        "level": "info",
        "service": "beds",
        "instance": "1",
        "logger": "services.beds.app",
        "event": "bed-reserved",
        "count": 3,
        "reason": "bed-taken",
        "due_at": "2026-01-01T00:00:00Z",
    }


def test_every_line_names_the_request_and_the_event_it_belongs_to(said):
    with caused_by(Origin(correlation_id="c-1", causation_id="e-1")):
        logger("x").info("inside")
    logger("x").info("outside")
    inside, outside = said()
    assert (inside["correlation_id"], inside["causation_id"]) == ("c-1", "e-1")
    assert "correlation_id" not in outside


def test_an_unknown_key_is_dropped_and_counted(said):
    logger("x").info("arrived", name=CANARY, phone=CANARIES[2], count=1)
    [line] = said()
    assert line["dropped"] == 2
    assert set(line) <= set(KEYS)


@pytest.mark.parametrize("value", [*CANARIES, {"name": CANARY}, [CANARY], object(), b"bytes", 2**63, "two words"])
def test_a_known_key_holds_no_words_and_no_payload(said, value):
    logger("x").info("arrived", reason=value)
    [line] = said()
    assert "reason" not in line
    assert line["dropped"] == 1


@pytest.mark.parametrize("event", [*CANARIES, f"{CANARY}-arrived", "patient zhang arrived", "call-13800138000", "", {}])
def test_an_event_is_a_code_or_it_is_withheld(said, event):
    logger("x").info(event, count=1)
    [line] = said()
    assert (line["event"], line["dropped"], line["count"]) == (WITHHELD, 1, 1)


def test_positional_arguments_do_not_get_into_an_event(said):
    logger("x").info("arrived %s", CANARY)
    assert said()[0]["event"] == WITHHELD


def test_an_exception_is_heard_by_type_and_our_own_frames(said):
    try:
        try:
            FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test
        except ValueError as cause:
            raise RuntimeError(CANARY) from cause
    except RuntimeError:
        logger("x").exception("reading-failed")
    [line] = said()
    assert (line["error"], line["causes"]) == ("RuntimeError", ["ValueError"])
    assert [frame.rsplit(":", 1)[0] for frame in line["frames"]] == [
        "shared/clock.py:__init__",
        "shared/clock.py:utc",
    ]


def test_a_group_of_exceptions_names_what_it_holds(said):
    logger("x").error("tasks-failed", exc_info=ExceptionGroup(CANARY, [KeyError(CANARY), OSError(CANARY)]))
    assert said()[0]["causes"] == ["KeyError", "OSError"]


def test_a_level_below_the_threshold_is_silent(said):
    logger("x").debug("detail")
    configure("beds", "error")
    logger("x").warning("careful")
    logger("x").error("broken")
    assert [line["event"] for line in said()] == ["broken"]


def test_a_library_is_heard_by_its_literal_words_without_the_values(said):
    logging.getLogger("aiokafka.consumer").warning("Heartbeat of %s failed", CANARY)
    [line] = said()
    assert (line["event"], line["logger"], line["level"]) == ("library", "aiokafka.consumer", "warning")
    assert line["template"] == "Heartbeat of %s failed"
    assert line["frames"][0].startswith("test_log.py:test_a_library_is_heard")


def test_a_library_that_mixes_values_into_its_words_is_heard_by_place_alone(said):
    logging.getLogger("aiokafka.consumer").error(f"cannot read {CANARY}")  # noqa: G004 - what libraries do
    [line] = said()
    assert "template" not in line
    assert line["frames"][0].startswith("test_log.py:")


def test_a_library_exception_is_heard_by_type(said):
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=LookupError(CANARY))
    assert said()[0]["error"] == "LookupError"


def test_a_logger_that_had_a_handler_of_its_own_comes_under_the_rule_too(said):
    own = logging.getLogger("sqlalchemy.engine.Engine")
    own.addHandler(logging.StreamHandler(sys.stderr))
    configure("beds", "debug")
    own.info("[generated in %s] %r", 0.1, (CANARY,))
    assert said()[0]["template"] == "[generated in %s] %r"


def test_libraries_keep_quiet_below_warning_unless_asked(said):
    logging.getLogger("aiokafka").info("Joined group %s", CANARY)
    assert said() == []


def test_a_logger_never_configured_keeps_the_rule(capfd):
    logger("x").error("failed", name=CANARY, exc_info=ValueError(CANARY))
    line = json.loads(capfd.readouterr().out)
    assert (line["error"], line["dropped"]) == ("ValueError", 1)


CRASH = f"""
import threading, warnings
from shared.log import configure
configure("beds", "debug")
warnings.warn("{CANARY}")
class Grave:
    def __del__(self):
        raise KeyError("{CANARY}")
Grave()
def work():
    raise LookupError("{CANARY}")
thread = threading.Thread(target=work)
thread.start()
thread.join()
raise RuntimeError("{CANARY}")
"""


def test_what_nobody_caught_is_heard_by_type_alone():
    crash = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in crash.stdout.splitlines()]
    assert [line.get("error") for line in lines] == [None, "KeyError", "LookupError", "RuntimeError"]
    assert CANARY not in crash.stdout + crash.stderr
    assert crash.stderr == ""
    assert crash.returncode == 1
