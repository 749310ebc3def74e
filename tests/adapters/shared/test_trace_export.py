"""Traces reach a collector where one is named, and cost nobody an answer where it is away."""

import pytest

from services.registration.app import SERVICE
from shared.ids import new_id
from tests.support.collector import collecting
from tests.support.service import NOWHERE

PATIENT = {"name": "Invented Person", "sex": "F", "born_on": "1980-01-01", "insutype": "310"}


async def register(service):
    """Register an invented patient."""
    body = {"patient_id": str(new_id()), **PATIENT}
    return await service.command("POST", "/patients", role="front-desk", body=body)


@pytest.mark.parametrize("standard", [True, False])
async def test_what_was_recorded_is_handed_over_when_the_service_ends(run_service, monkeypatch, standard):
    with collecting() as collector:
        told = {} if standard else {"otlp_endpoint": collector.url}
        if standard:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        async with run_service(SERVICE, **told) as service:
            assert (await register(service)).status_code == 201
            assert (await service.client.get("/health/live")).status_code == 200
    assert {(span.service, span.name) for span in collector.spans} == {
        ("registration", "POST /patients"),
        ("registration", "register_patient"),
    }
    command, request = sorted(collector.spans, key=lambda span: span.ended)
    assert (command.trace_id, command.parent_id) == (request.trace_id, request.span_id)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/patients",
        "http.response.status_code": "201",
    }


async def test_a_collector_that_is_away_costs_nobody_an_answer(run_service):
    async with run_service(SERVICE, otlp_endpoint=f"http://{NOWHERE}") as service:
        assert (await register(service)).status_code == 201
