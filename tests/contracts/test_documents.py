"""Every service answers as its API document says, to requests that fit the document and to those that do not.

In the suite a few fixed requests an operation; a long look: `make test ARGS="tests/contracts --contract-examples 200"`.
"""

import asyncio
import re

import pytest

from services.console.app import SERVICE as CONSOLE
from shared.auth import Role
from shared.hosting import application
from tests.contracts.asking import faults
from tests.contracts.extremes import Document, answered
from tests.contracts.worlds import WORLDS
from tests.support.service import listening

SETTINGS = {"discharge": {"centre_url": "http://127.0.0.1:1"}}
PAGES = re.compile(r"text/html|text/event-stream")
METHODS = ("get", "put", "post", "delete", "patch")


def document(name):
    """A service's API document; of the console its JSON routes alone, for pages and streams are no contract."""
    told = application(WORLDS[name][0]).openapi()
    if WORLDS[name][0] is CONSOLE:
        told["paths"] = {path: told["paths"][path] for path in ("/api/events/summary",)}
    return told


@pytest.mark.parametrize("name", WORLDS)
async def test_a_service_answers_as_its_document_says(run_service, contract_examples, name):
    service, prepare = WORLDS[name]
    async with run_service(service, **SETTINGS.get(name, {})) as running, listening(running) as url:
        known = await prepare(running)
        token = running.token(*Role)
        found = await asyncio.to_thread(faults, document(name), url, token, known, contract_examples)
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("name", WORLDS)
async def test_one_wild_value_in_a_good_request_is_no_fault_of_the_service(run_service, name):
    service, prepare = WORLDS[name]
    async with run_service(service, **SETTINGS.get(name, {})) as running:
        told = document(name)
        wild = Document(told, await prepare(running))
        token = running.token(*Role)
        for path, operations in told["paths"].items():
            for method in operations.keys() & set(METHODS):
                operation = operations[method]
                for one in wild.requests(operation):
                    status = await answered(running.client, method, path, one, token)
                    assert str(status) in operation["responses"], (method, path, status, one.what)


@pytest.mark.parametrize("name", WORLDS)
async def test_no_operation_answers_anybody_without_a_token(run_service, name):
    async with run_service(WORLDS[name][0], **SETTINGS.get(name, {})) as running:
        for path, operations in document(name)["paths"].items():
            asked = re.sub(r"\{\w+\}", "0192f0c1-7a10-7000-8000-000000000001", path)
            for method in operations.keys() & set(METHODS):
                answer = await running.client.request(method, asked, json={})
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"] == "Bearer"
