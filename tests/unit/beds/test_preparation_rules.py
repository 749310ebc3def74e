"""Who may mark which item, what still lacks, and what consents do, without any IO."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from services.beds.preparation import items as lists
from services.beds.preparation import model
from services.beds.preparation.model import (
    Consent,
    DecideConsent,
    DecidedBy,
    Decision,
    Mark,
    MarkItems,
    Preparation,
    State,
    Who,
)
from shared.decision import Refused

ITEMS = lists.shipped()["1"]
PATIENT, NURSE = frozenset({Who.PATIENT}), frozenset({Who.WARD_NURSE, Who.PATIENT})
NOTHING = Preparation(
    request_id=UUID(int=1), patient_id=UUID(int=2), items_version="1", states={}, consents={}, version=0
)


def refusal(as_who, *marks):
    command = MarkItems(request_id=UUID(int=1), marks=marks, as_who=as_who, marked_by="somebody")
    refused = model.check_marks(command, ITEMS)
    return refused and refused.reason


def decide(before, decision):
    command = DecideConsent(
        request_id=UUID(int=1),
        consent=Consent.ADMISSION,
        decision=decision,
        decided_by=DecidedBy.PATIENT,
        recorded_by="nurse",
    )
    return model.decided(before, command, ITEMS)


def test_there_are_twelve_items_each_with_a_name_in_both_languages():
    assert len(ITEMS.items) == 12
    assert all(item.zh and item.en and item.done_by for item in ITEMS.items)


def test_a_list_that_names_a_code_twice_is_refused():
    one = '{"code": "x", "title": {"zh": "x", "en": "x"}, "done_by": ["patient"], "when": "at", "mandatory_for": []}'
    with pytest.raises(ValidationError, match="a code twice"):
        lists.read(
            f'{{"version": "9", "valid_from": "2026-01-01", "source": "test", "items": [{one}, {one}]}}'.encode()
        )


def test_a_patient_marks_their_own_items_and_no_others():
    assert refusal(PATIENT, Mark(item="insurance-card", state=State.DONE)) is None
    assert refusal(PATIENT, Mark(item="wristband", state=State.DONE)) == "not-your-item"
    assert refusal(NURSE, Mark(item="wristband", state=State.DONE)) is None
    assert refusal(NURSE, Mark(item="shoes", state=State.DONE)) == "unknown-item"


def test_what_does_not_apply_needs_a_reason_and_staff():
    plain = Mark(item="insurance-card", state=State.NOT_APPLICABLE)
    explained = Mark(item="insurance-card", state=State.NOT_APPLICABLE, reason="pays-privately")
    assert refusal(NURSE, plain) == "reason-missing"
    assert refusal(NURSE, explained) is None
    assert refusal(PATIENT, explained) == "reason-missing"


def test_the_consent_item_follows_the_consent_and_is_marked_no_other_way():
    assert refusal(NURSE, Mark(item="admission-consent", state=State.DONE)) == "item-is-a-consent"
    given = decide(NOTHING, Decision.GIVEN)
    assert given.states["admission-consent"] is State.DONE
    withdrawn = decide(given, Decision.WITHDRAWN)
    assert (withdrawn.states["admission-consent"], withdrawn.version) == (State.OPEN, 2)
    assert isinstance(decide(withdrawn, Decision.WITHDRAWN), Refused)


def test_what_keeps_out_depends_on_the_source_and_not_on_what_comes_after_arrival():
    assert "risk-assessment" not in model.keeps_out({}, ITEMS, "clinic")
    assert "fasting-advice" in model.keeps_out({}, ITEMS, "day-surgery")
    assert model.keeps_out({}, ITEMS, "emergency") == ()
    every = {item.code: State.DONE for item in ITEMS.items}
    assert model.keeps_out(every, ITEMS, "referral") == ()


def test_what_was_accepted_open_is_as_open_as_before():
    accepted = model.accepted_open(NOTHING, ["wristband"])
    assert "wristband" in model.keeps_out(accepted.states, ITEMS, "clinic")
    assert accepted.version == NOTHING.version
