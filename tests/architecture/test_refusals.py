"""Whoever reads a service's API document knows every code that a command can be refused with."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from shared.commands import KEY_HEADER
from shared.hosting import application
from tests.support.documented import codes_of

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("registration", "beds", "discharge", "followup", "console", "simulator")
METHODS = {"get", "put", "post", "delete", "patch"}
ANSWERED_BY_NO_ROUTE = {
    "services.registration.reminders.model": "why a reminder was not sent: told in its events and its row",
    "services.discharge.ledger.handlers": "told to the capabilities above; no route reverses a journal",
}
"""Modules whose `Reason` is nothing that a command is refused with, and what it is."""


def operations(service):
    """Every operation of the service's API document, by what a person would call it."""
    document = application(import_module(f"services.{service}.app").SERVICE).openapi()
    for path, methods in document["paths"].items():
        for method in METHODS & methods.keys():
            yield f"{method.upper()} {path}", methods[method]


def is_command(operation):
    """Whether it takes an idempotency key."""
    return any(parameter["name"] == KEY_HEADER for parameter in operation.get("parameters", ()))


def reasons(service):
    """Every `Reason` of the service."""
    for path in sorted((ROOT / "services" / service).glob("*/*.py")):
        if "class Reason(" in path.read_text():
            yield import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)).Reason


def answers(service):
    """Every code that a command of the service is refused with."""
    return [code for reason in reasons(service) if reason.__module__ not in ANSWERED_BY_NO_ROUTE for code in reason]


@pytest.mark.parametrize("service", SERVICES)
def test_a_command_documents_the_codes_that_it_can_be_refused_with(service):
    """A router that takes commands says `responses=refusals(Reason, …)`."""
    commands = [(name, operation) for name, operation in operations(service) if is_command(operation)]
    assert [name for name, operation in commands if "stale" not in codes_of(operation, "409")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_refusal_is_documented_without_its_codes(service):
    refusing = [(name, operation) for name, operation in operations(service) if "409" in operation["responses"]]
    assert [name for name, operation in refusing if not codes_of(operation, "409")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_reason_is_documented_by_an_operation(service):
    documented = {
        code
        for _, operation in operations(service)
        for status in ("403", "409")
        for code in codes_of(operation, status)
    }
    assert [code for code in answers(service) if code not in documented] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_reason_is_said_somewhere(service):
    """In code or in SQL, that is, and not only by the remedy beside it and the router that documents it."""
    sources = [path for path in (ROOT / "services" / service).glob("*/*.py") if not path.name.endswith("api.py")]
    text = "\n".join(path.read_text() for path in sources)
    assert [code for code in answers(service) if not re.search(rf"\.{code.name}\b(?!:)|'{code}'", text)] == []


def test_what_no_route_answers_is_still_there():
    everywhere = {reason.__module__ for service in SERVICES for reason in reasons(service)}
    assert everywhere >= ANSWERED_BY_NO_ROUTE.keys()
