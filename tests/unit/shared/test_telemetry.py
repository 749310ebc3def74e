"""What a service measures, as sentences."""

from prometheus_client.parser import text_string_to_metric_families

from shared.telemetry import Telemetry


def samples(telemetry):
    """Every rendered sample: name and labels → value."""
    families = text_string_to_metric_families(telemetry.render().decode())
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def test_a_request_is_counted_by_route_method_and_status():
    telemetry = Telemetry("beds")
    telemetry.requests.labels(route="/stays/{stay_id}", method="GET", status=200).observe(0.003)
    labels = (("method", "GET"), ("route", "/stays/{stay_id}"), ("status", "200"))
    shown = samples(telemetry)
    assert shown["journey_request_seconds_count", *labels] == 1
    assert shown["journey_request_seconds_bucket", ("le", "0.005"), *labels] == 1
    assert shown["journey_request_seconds_bucket", ("le", "0.0025"), *labels] == 0


def test_delivery_and_timers_are_shown():
    telemetry = Telemetry("beds")
    telemetry.outbox_depth.set(7)
    telemetry.outbox_age_seconds.set(1.5)
    telemetry.relayed_total.inc(500)
    telemetry.consumer_lag.labels(topic="beds-events").set(12)
    telemetry.event_age_seconds.observe(0.011)
    telemetry.handled_total.labels(type="beds.bed-reserved.v1", outcome="taken").inc()
    telemetry.dead_letters_total.inc()
    telemetry.parked.set(3)
    telemetry.timer_lag_seconds.labels(timer="holds").set(0.2)
    telemetry.timers_fired_total.labels(timer="holds").inc(100)
    shown = samples(telemetry)
    assert shown["journey_service_info", ("service", "beds")] == 1
    assert shown["journey_outbox_depth",] == 7
    assert shown["journey_outbox_age_seconds",] == 1.5
    assert shown["journey_relayed_total",] == 500
    assert shown["journey_consumer_lag", ("topic", "beds-events")] == 12
    assert shown["journey_event_age_seconds_bucket", ("le", "0.025")] == 1
    assert shown["journey_handled_total", ("outcome", "taken"), ("type", "beds.bed-reserved.v1")] == 1
    assert shown["journey_dead_letters_total",] == 1
    assert shown["journey_parked",] == 3
    assert shown["journey_timer_lag_seconds", ("timer", "holds")] == 0.2
    assert shown["journey_timers_fired_total", ("timer", "holds")] == 100


def test_two_applications_in_one_program_never_mix():
    one, other = Telemetry("beds"), Telemetry("beds")
    one.relayed_total.inc()
    assert samples(other)["journey_relayed_total",] == 0
