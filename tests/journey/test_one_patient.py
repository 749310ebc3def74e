"""One patient from booking to a follow-up task, every hop read from the topics; and again with every event twice."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.simulator.reading.model import Charge, Encounter, Patient, Recording, Stay
from tests.support.topics import everything_said, say_again

PATIENT = Patient(
    patient_id=UUID("00000000-0000-4000-8000-000000000001"),
    given_name="Testperson",
    family_name="测试甲",
    sex="F",
    born_on=date(1970, 5, 4),
    died_on=None,
)
VISIT_AT = datetime(2025, 3, 3, 9, 10, tzinfo=UTC)
STAY_AT = datetime(2025, 3, 20, 8, 0, tzinfo=UTC)
STAY_ID = UUID("00000000-0000-4000-8000-000000000012")

JOURNEY = [
    "registration.patient-registered.v1",
    "registration.slot-held.v1",
    "registration.appointment-booked.v1",
    "registration.patient-arrived.v1",
    "registration.visit-completed.v1",
    "registration.admission-requested.v1",
    "beds.admission-queued.v1",
    "beds.bed-proposed.v1",
    "beds.bed-reserved.v1",
    "beds.reservation-answered.v1",
    "beds.preparation-changed.v1",
    "beds.patient-admitted.v1",
    "discharge.account-opened.v1",
    "discharge.deposit-received.v1",
    "discharge.charge-posted.v1",
    "discharge.discharge-ordered.v1",
    "discharge.presettled.v1",
    "discharge.settlement-confirmed.v1",
    "discharge.settled.v1",
    "discharge.patient-left.v1",
    "beds.bed-released.v1",
    "followup.plan-opened.v1",
    "followup.task-due.v1",
    "followup.task-completed.v1",
    "followup.visit-requested.v1",
]
CAUSES = {
    "beds.admission-queued.v1": "registration.admission-requested.v1",
    "discharge.account-opened.v1": "beds.patient-admitted.v1",
    "beds.bed-released.v1": "discharge.patient-left.v1",
    "followup.plan-opened.v1": "discharge.patient-left.v1",
}


def encounter(number, encounter_class, started_at, hours):
    """An encounter of the patient."""
    return Encounter(
        encounter_id=UUID(int=STAY_ID.int + number),
        patient_id=PATIENT.patient_id,
        encounter_class=encounter_class,
        started_at=started_at,
        stopped_at=started_at + timedelta(hours=hours),
        code="183452005",
        description="Encounter",
        reason_code="",
        reason="",
        payer="Humana",
        line=number,
    )


def charge(number, code, amount_fen):
    """A charge on the second day of the stay."""
    return Charge(
        charge_id=UUID(int=STAY_ID.int + 100 + number),
        encounter_id=STAY_ID,
        posted_at=STAY_AT + timedelta(days=1, minutes=number),
        code=code,
        description="Charge",
        amount_fen=amount_fen,
        line=number,
    )


RECORDING = Recording(
    patients=(PATIENT,),
    visits=(encounter(1, "ambulatory", VISIT_AT, 1),),
    stays=(
        Stay(
            encounters=(encounter(0, "inpatient", STAY_AT, 72),),
            charges=(charge(1, "40701008", 91_553), charge(2, "259255", 38_463)),
        ),
    ),
    deaths={},
    not_covered={},
    rejected=(),
)


@pytest.fixture(scope="module")
def journey(stack):
    """The stack after the patient's journey, and what was said about them."""
    stack.play(RECORDING)
    said = asyncio.run(everything_said(stack.record.kafka))
    return stack, [one for one in said if getattr(one.event, "patient_id", None) == PATIENT.patient_id]


def test_every_hop_of_the_journey_is_said_in_order(journey):
    first = {}
    for one in journey[1]:
        first.setdefault(one.envelope.type, one.envelope.time)
    assert set(JOURNEY) <= set(first)
    times = [first[event_type] for event_type in JOURNEY]
    assert times == sorted(times)


def test_an_effect_names_the_event_that_brought_it_and_keeps_its_correlation(journey):
    said = {str(one.envelope.event_id): one for one in journey[1]}
    for effect in (one for one in journey[1] if one.envelope.type in CAUSES):
        cause = said[effect.causation]
        assert cause.envelope.type == CAUSES[effect.envelope.type]
        assert cause.envelope.origin.correlation_id == effect.envelope.origin.correlation_id


def test_the_visit_that_the_patient_wished_for_is_booked(journey):
    booked = [one.event for one in journey[1] if one.envelope.type == "registration.appointment-booked.v1"]
    assert [event.channel for event in booked] == ["app", "followup"]


def test_the_settlement_adds_up_to_the_charges(journey):
    settled = next(one.event for one in journey[1] if one.envelope.type == "discharge.settled.v1")
    assert settled.lines_total_fen == 91_553 + 38_463 == settled.fund_pay_fen + settled.patient_pay_fen


def test_versions_of_an_aggregate_rise_by_one(journey):
    stack, _ = journey
    versions = {}
    for one in asyncio.run(everything_said(stack.record.kafka)):
        versions.setdefault(one.envelope.aggregate, []).append(one.event.aggregate_version)
    assert {tuple(found) for found in versions.values() if found != list(range(1, len(found) + 1))} == set()


def test_no_name_is_on_a_topic_or_in_a_log(journey):
    stack, said = journey
    assert all(b"Testperson" not in one.record.value for one in said)
    for log in (stack.home.root / "log").glob("*.log"):
        assert "Testperson" not in log.read_text()


def test_every_event_said_again_changes_nothing(journey):
    stack, _ = journey
    before = stack.contents()
    everything = asyncio.run(everything_said(stack.record.kafka))
    counts = Counter(one.envelope.type for one in everything)
    asyncio.run(say_again(stack.record.kafka, everything))
    stack.quiet()
    assert stack.contents() == before
    again = Counter(one.envelope.type for one in asyncio.run(everything_said(stack.record.kafka)))
    assert again == Counter({event_type: 2 * count for event_type, count in counts.items()})
