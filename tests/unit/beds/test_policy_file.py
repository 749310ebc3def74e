"""A policy as a file: the default, changes to it, and everything that can be wrong."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from services.beds.scoring import policy_file
from services.beds.scoring.model import Urgency
from services.beds.scoring.policy_file import PolicyRejected


def test_the_default_covers_every_urgency():
    policy = policy_file.default()
    assert set(policy.urgency) == set(policy.longest_wait_hours) == set(Urgency)
    assert policy.longest_wait_hours[Urgency.DAY] == 24


def test_a_file_changes_what_it_names_and_nothing_else():
    changes = {"version": "spring", "valid_from": "2026-03-01", "kappa": 3, "Tmax": {"A": 24}, "day_slot_hours": 8}
    policy, default = policy_file.parse(json.dumps(changes)), policy_file.default()
    assert (policy.version, policy.valid_from) == ("spring", date(2026, 3, 1))
    assert policy.overdue_factor == 3
    assert policy.longest_wait_hours == default.longest_wait_hours | {Urgency.A: 24, Urgency.DAY: 8}
    assert (policy.weights, policy.urgency, policy.scarce) == (default.weights, default.urgency, default.scarce)


def test_a_file_without_a_version_gets_one_that_tells_its_content():
    three, four = (policy_file.parse(f'{{"kappa": {kappa}}}').version for kappa in (3, 4))
    assert three.startswith(f"{policy_file.default().version}+")
    assert three != four


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "policy"),
        ("[]", "policy"),
        ('{"kapa": 2}', "kapa"),
        ('{"weights": {"x": 2}}', "weights.x"),
        ('{"weights": {"u": "35"}}', "weights.u"),
        ('{"weights": {"u": -1}}', "weights.u"),
        ('{"weights": {"spec": 0}}', "weights.spec"),
        ('{"weights": 3}', "weights"),
        ('{"Tmax": {"C": 0}}', "Tmax.C"),
        ('{"Tmax": {"day": 24}}', "Tmax.day"),
        ('{"urgency": {"L9": 1}}', "urgency.L9"),
        ('{"urgency": {"L1": 1.5}}', "urgency.L1"),
        ('{"hospital_cmi": 0}', "hospital_cmi"),
        ('{"hospital_cmi": NaN}', "hospital_cmi"),
        ('{"kappa": true}', "kappa"),
        ('{"overflow": []}', "overflow"),
        ('{"rw_span": 0}', "rw_span"),
        ('{"valid_from": "1 May"}', "valid_from"),
        ('{"version": ""}', "version"),
    ],
)
def test_a_bad_policy_is_refused_with_the_field_and_a_remedy(text, field):
    with pytest.raises(PolicyRejected) as refusal:
        policy_file.parse(text)
    (fault,) = refusal.value.faults
    assert fault.field == field
    assert fault.reason
    assert fault.remedy


def test_all_faults_are_told_at_once():
    with pytest.raises(PolicyRejected) as refusal:
        policy_file.parse('{"kapa": 2, "rw_span": 0, "Tmax": {"A": -1}}')
    assert {fault.field for fault in refusal.value.faults} == {"kapa", "rw_span", "Tmax.A"}


def test_of_several_versions_the_latest_whose_day_has_come_is_in_force_by_the_hospitals_calendar():
    days = ("2026-03-01", "2026-01-01", "2026-06-01")
    every = policy_file.versions(json.dumps({"version": day, "valid_from": day}) for day in days)
    last_minute = datetime(2026, 2, 28, 15, 59, tzinfo=UTC)
    assert every.at(last_minute).version == "2026-01-01"
    assert every.at(last_minute + timedelta(minutes=1)).version == "2026-03-01"
    assert every.at(datetime(2025, 1, 1, tzinfo=UTC)).version == "2026-01-01"
    assert policy_file.versions(()).at(last_minute) == policy_file.default()
    with pytest.raises(PolicyRejected, match="twice"):
        policy_file.versions(['{"version": "a"}', '{"version": "a"}'])
