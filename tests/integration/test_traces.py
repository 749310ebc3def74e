"""A request in one service and its effect in the next are one trace, on Apache Kafka and PostgreSQL."""

import asyncio
import json
import re
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.beds.app import SERVICE as BEDS
from services.registration.app import SERVICE as REGISTRATION
from shared.ids import new_id
from shared.provisioning import create_topics
from shared.spans import Spans
from tests.support.waiting import until

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PATIENT = {"name": "Invented Tracing", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}
NEED = {
    "source": "clinic",
    "specialty": "cardiology",
    "campus_id": "main",
    "admission_class": "B",
    "department_cmi": 1.1,
    "expected_days": 4,
}
WAY = [
    ("registration", "POST /admission-requests"),
    ("registration", "request_admission"),
    ("registration", "send registration-events"),
    ("beds", "process registration-events"),
    ("beds", "send beds-events"),
]


@pytest.fixture
def exporter():
    """Where every span of both services ends up."""
    return InMemorySpanExporter()


@pytest.fixture
async def suite(run_service, apache_kafka, exporter):
    """Registration and beds, whole, each with its own database, recording into one exporter."""
    await asyncio.to_thread(create_topics, apache_kafka.bootstrap)
    async with AsyncExitStack() as stack:

        async def run(service):
            provider = TracerProvider(resource=Resource({"service.name": service.name}))
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            running = run_service(service, kafka=apache_kafka.bootstrap, tracing=Spans(provider))
            return await stack.enter_async_context(running)

        yield await run(REGISTRATION), await run(BEDS)


async def admission_asked_for(registration, **headers):
    """A registered patient for whom a bed is asked; the request's id."""
    patient_id, request_id = str(new_id()), str(new_id())
    registered = await registration.command(
        "POST", "/patients", role="front-desk", body={"patient_id": patient_id, **PATIENT}
    )
    assert registered.status_code == 201, registered.text
    encounters = [{"encounter_id": f"e-{request_id}", "encounter_class": "inpatient"}]
    body = {"request_id": request_id, "patient_id": patient_id, "encounters": encounters, **NEED}
    headers |= {**registration.headers("clinician"), "Idempotency-Key": f"key-{request_id}"}
    asked = await registration.client.post("/admission-requests", json=body, headers=headers)
    assert asked.status_code == 201, asked.text
    return request_id


async def traced(exporter, trace_id):
    """The spans of a trace by service and name, once its last step has ended."""

    def ended():
        found = [span for span in exporter.get_finished_spans() if span.context.trace_id == trace_id]
        spans = {(span.resource.attributes["service.name"], span.name): span for span in found}
        return spans if set(WAY) <= set(spans) else None

    return await until(ended, seconds=60)


async def test_a_request_and_its_effect_in_the_next_service_are_one_trace(suite, exporter):
    registration, beds = suite
    request_id = await admission_asked_for(registration, traceparent=CALLER)

    async def queued():
        return await beds.sql("SELECT request_id FROM admission_request WHERE request_id = $1::uuid", request_id)

    await until(queued, seconds=60)
    _, trace, caller, _ = CALLER.split("-")
    spans = await traced(exporter, int(trace, 16))
    parent = int(caller, 16)
    for service, name in WAY:
        span = spans[service, name]
        assert span.parent.span_id == parent, name
        parent = span.context.span_id


async def test_a_span_holds_templates_types_and_topics_and_nobodys_ids(suite, exporter):
    registration, _ = suite
    request_id = await admission_asked_for(registration, traceparent=CALLER)
    await registration.get(f"/admission-requests/{request_id}", role="coordinator")
    await traced(exporter, int(CALLER.split("-")[1], 16))
    spans = exporter.get_finished_spans()
    shown = json.dumps([[span.name, dict(span.attributes), len(span.events)] for span in spans])
    assert "GET /admission-requests/{request_id}" in shown
    assert "registration.admission-requested.v1" in shown
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|Invented|key-", shown)
    assert not [span.name for span in spans if span.events]


async def test_what_no_trace_began_begins_one(suite, exporter):
    registration, _ = suite
    await admission_asked_for(registration, traceparent="00-not-a-trace-01")
    root = await until(lambda: next((s for s in exporter.get_finished_spans() if s.name == WAY[0][1]), None))
    assert root.parent is None
    heard_by_itself = ("registration", "process registration-events")
    assert set(await traced(exporter, root.context.trace_id)) - {heard_by_itself} == set(WAY)


def test_a_service_that_records_no_traces_does_not_even_load_what_would():
    program = (
        "import sys, services.registration.app, shared.hosting\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    assert said_by(program) == "[]"


def test_nothing_of_a_request_gets_into_traces_that_others_set_up_in_the_same_program():
    program = """
import asyncio, httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from services.registration.app import SERVICE
from shared.hosting import application

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(SERVICE)), base_url="http://s") as client:
        print((await client.get("/nowhere/0192f0c0-0000")).status_code, len(exporter.get_finished_spans()))

asyncio.run(ask())
"""
    assert said_by(program) == "404 0"


def said_by(program):
    """What a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
