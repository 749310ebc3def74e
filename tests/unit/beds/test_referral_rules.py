"""The rules of referrals, and what a partner file may hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.beds.referrals import answers, model, partner_file
from services.beds.referrals.model import (
    Accept,
    Answer,
    AskPartner,
    AskUs,
    Kind,
    Need,
    Partner,
    Phase,
    RefusalReason,
    Refuse,
)
from shared.decision import Refused

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 3, 2), date(2026, 3, 1)
HOSPITAL = Partner(partner_id="county", name="County Hospital", kind=Kind.HOSPITAL, specialties=(), active=True)
COMMUNITY = replace(HOSPITAL, partner_id="street", kind=Kind.COMMUNITY)


def coming():
    need = Need(specialty="cardiology", diagnosis_code="I21.9", expected_days=5)
    command = AskUs(
        referral_id=uuid4(),
        patient_id=uuid4(),
        partner_id="county",
        partner_reference="r-1",
        campus_id="east",
        need=need,
    )
    return model.asked(command, HOSPITAL, NOW)


def ask_partner(wanted_on=TODAY):
    return AskPartner(
        referral_id=uuid4(),
        stay_id=uuid4(),
        partner_id="street",
        specialty="rehabilitation",
        diagnosis_code="I63.9",
        rehabilitation_codes=("walking",),
        plan_reference="plan-1",
        wanted_on=wanted_on,
    )


def going():
    referral, _ = model.sent(ask_partner(), COMMUNITY, uuid4(), NOW)
    return referral


def accept(referral, on=TODAY):
    command = Accept(referral_id=referral.referral_id, admit_on=on, by="c", department_cmi=1.2)
    return answers.accept(referral, command, NOW)


def refused(decision):
    assert isinstance(decision, Refused)
    return decision.reason


def test_patients_come_from_hospitals_and_go_to_the_community_while_the_partner_takes_part():
    assert refused(model.check_partner(HOSPITAL, Kind.COMMUNITY)) == "partner-kind"
    assert refused(model.check_partner(replace(HOSPITAL, active=False), Kind.HOSPITAL)) == "partner-inactive"
    assert model.check_partner(COMMUNITY, Kind.COMMUNITY) is None


def test_answers_are_due_in_two_days_from_us_and_in_one_from_the_community():
    assert coming().due_at - NOW == timedelta(hours=48)
    assert going().due_at - NOW == timedelta(hours=24)


def test_an_accepted_referral_says_what_an_admission_request_needs():
    taken, said = accept(coming())
    assert (taken.phase, taken.bed_on, taken.answered_at, taken.answered_by) == (Phase.ACCEPTED, TODAY, NOW, "c")
    assert (said.specialty, said.campus_id, said.diagnosis_code, said.expected_days) == (
        "cardiology",
        "east",
        "I21.9",
        5,
    )
    assert said.aggregate_version == taken.version == 2


def test_nothing_is_promised_for_a_day_that_is_over():
    assert refused(accept(coming(), YESTERDAY)) == "day-passed"
    assert refused(model.sent(ask_partner(YESTERDAY), COMMUNITY, uuid4(), NOW)) == "day-passed"


def test_a_referral_is_answered_once_and_by_whom_it_was_sent_to():
    taken, _ = accept(coming())
    assert refused(accept(taken)) == "referral-answered"
    no = Refuse(referral_id=taken.referral_id, reason=RefusalReason.NO_BED, by="c")
    assert refused(answers.refuse(taken, no, NOW)) == "referral-answered"
    assert refused(answers.refuse(going(), no, NOW)) == "other-direction"
    assert refused(answers.cancel(taken, "c", NOW)) == "referral-answered"


@pytest.mark.parametrize(("bed_on", "reason", "phase"), [(TODAY, None, "accepted"), (None, "no-bed", "refused")])
def test_a_community_hospital_says_a_day_or_a_reason(bed_on, reason, phase):
    command = Answer(referral_id=uuid4(), bed_on=bed_on, reason=reason and RefusalReason(reason), by="gateway")
    answered, said = answers.answer(going(), command, NOW)
    assert answered.phase == phase
    assert (said.accepted, said.bed_on, said.reason) == (phase == "accepted", bed_on, reason)


def test_a_partner_that_was_asked_is_told_when_nobody_asks_any_more():
    assert answers.cancel(going(), "c", NOW)[1] is not None
    assert answers.cancel(coming(), "gateway", NOW)[1] is None


def test_a_partner_file_is_read_line_by_line():
    content = (
        "partner,name,kind,specialties,active\n"
        "county,County Hospital,hospital,cardiology;surgery,yes\n"
        "street,,community,,perhaps\n"
        "county,Again,hospital,,no\n"
    )
    lines, rejected = partner_file.read(content.encode())
    assert [(line.line, line.partner.partner_id, line.partner.specialties) for line in lines] == [
        (2, "county", ("cardiology", "surgery"))
    ]
    assert [(fault.line, fault.field) for fault in rejected] == [(3, "name"), (3, "active"), (4, "partner")]
