"""The rules of preparing an admission: who may mark which item, what still lacks, and when that keeps somebody out.

Invariants: what has been marked or decided is history and stays; an emergency is kept out by nothing; and nobody is
kept out for good: whoever admits a patient with mandatory items open says why, and that is kept with their name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.decision import Refused
from shared.messages.beds.preparation import PreparationChanged


class Who(StrEnum):
    """Who does an item."""

    PATIENT = "patient"
    FRONT_DESK = "front-desk"
    WARD_NURSE = "ward-nurse"


class When(StrEnum):
    """When an item is to be done, seen from the patient's arrival in the ward."""

    BEFORE = "before"
    AT = "at"
    AFTER = "after"


class State(StrEnum):
    """How an item stands. ACCEPTED_OPEN: somebody has admitted the patient without it, and said why."""

    OPEN = "open"
    DONE = "done"
    NOT_APPLICABLE = "not-applicable"
    ACCEPTED_OPEN = "accepted-open"


class Consent(StrEnum):
    """What a patient consents to."""

    ADMISSION = "admission"
    SURGERY = "surgery"
    ANAESTHESIA = "anaesthesia"
    TRANSFUSION = "transfusion"


class Decision(StrEnum):
    """What was decided about a consent. FHIR Consent.decision, and its revocation."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class DecidedBy(StrEnum):
    """Who decided."""

    PATIENT = "patient"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class Reason(StrEnum):
    """Why a command was refused."""

    UNKNOWN_ITEM = "unknown-item"
    NOT_YOUR_ITEM = "not-your-item"
    REASON_MISSING = "reason-missing"
    CONSENT_ITEM = "item-is-a-consent"
    NOT_GIVEN = "consent-not-given"
    REQUEST_ENDED = "request-ended"
    PREPARATION_OPEN = "preparation-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to be done for an admission. One with a `consent` is done by that being given, and no other way."""

    code: str
    zh: str
    en: str
    done_by: frozenset[Who]
    when: When
    mandatory_for: frozenset[str]
    consent: Consent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """One dated version of the list."""

    version: str
    valid_from: date
    items: tuple[Item, ...]

    def item(self, code: str) -> Item | None:
        """The item of a code."""
        return next((item for item in self.items if item.code == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What somebody says of one item. `reason` is a code."""

    item: str
    state: State
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkItems:
    """Say of some items how they stand. `as_who`: what the caller may do; `marked_by` is their account."""

    request_id: UUID
    marks: tuple[Mark, ...]
    as_who: frozenset[Who]
    marked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideConsent:
    """Note what a patient, or somebody for them, has decided."""

    request_id: UUID
    consent: Consent
    decision: Decision
    decided_by: DecidedBy
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How one request is prepared: the latest of each item and consent; items that nobody spoke of are open."""

    request_id: UUID
    patient_id: UUID
    items_version: str
    states: Mapping[str, State]
    consents: Mapping[str, Decision]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkKept:
    """A mark as it is kept for ever."""

    item: str
    state: State
    reason: str | None
    self_service: bool
    marked_by: str
    marked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentKept:
    """A decision as it is kept for ever."""

    consent: Consent
    decision: Decision
    decided_by: DecidedBy
    recorded_by: str
    decided_at: datetime


def check_marks(command: MarkItems, items: Items) -> Refused | None:
    """Whether this caller may say that of these items."""
    for mark in command.marks:
        item = items.item(mark.item)
        if item is None:
            known = ", ".join(one.code for one in items.items)
            return Refused(reason=Reason.UNKNOWN_ITEM, remedy=f"in marks, use the codes of the list: {known}")
        if item.consent is not None:
            return Refused(reason=Reason.CONSENT_ITEM, remedy=f"record the consent {item.consent} instead")
        if item.done_by.isdisjoint(command.as_who):
            return Refused(
                reason=Reason.NOT_YOUR_ITEM, remedy=f"{item.code} is done by {', '.join(sorted(item.done_by))}"
            )
        if mark.state is State.NOT_APPLICABLE and (mark.reason is None or command.as_who == {Who.PATIENT}):
            return Refused(
                reason=Reason.REASON_MISSING, remedy=f"let staff say by a reason code why {item.code} does not apply"
            )
    return None


def marked(before: Preparation, marks: Sequence[Mark]) -> Preparation:
    """The next version, with these items marked."""
    states = {**before.states, **{mark.item: mark.state for mark in marks}}
    return replace(before, states=states, version=before.version + 1)


def accepted_open(before: Preparation, items: Sequence[str]) -> Preparation:
    """The same, with somebody having admitted the patient without these: they are as open as they were."""
    return replace(before, states={**before.states, **dict.fromkeys(items, State.ACCEPTED_OPEN)})


def decided(before: Preparation, command: DecideConsent, items: Items) -> Preparation | Refused:
    """The next version, with the consent decided; what stands on the list for it follows."""
    if command.decision is Decision.WITHDRAWN and before.consents.get(command.consent) is not Decision.GIVEN:
        return Refused(reason=Reason.NOT_GIVEN, remedy="only a consent that was given can be withdrawn")
    state = State.DONE if command.decision is Decision.GIVEN else State.OPEN
    follow = [Mark(item=item.code, state=state) for item in items.items if item.consent is command.consent]
    consents = {**before.consents, command.consent: command.decision}
    return replace(marked(before, follow), consents=consents)


def open_items(states: Mapping[str, State], items: Items) -> tuple[str, ...]:
    """What has not been done, in the order of the list."""
    closed = (State.DONE, State.NOT_APPLICABLE)
    return tuple(item.code for item in items.items if states.get(item.code) not in closed)


def missing(states: Mapping[str, State], items: Items, source: str, moments: Sequence[When]) -> tuple[str, ...]:
    """The mandatory items of those moments that have not been done, for an admission from that source."""
    still_open = open_items(states, items)
    return tuple(
        item.code
        for item in items.items
        if item.code in still_open and source in item.mandatory_for and item.when in moments
    )


def keeps_out(states: Mapping[str, State], items: Items, source: str) -> tuple[str, ...]:
    """The mandatory items without which nobody is admitted unless somebody says why."""
    return missing(states, items, source, (When.BEFORE, When.AT))


def changed(preparation: Preparation, items: Items, source: str) -> PreparationChanged:
    """How the preparation stands now."""
    return PreparationChanged(
        request_id=preparation.request_id,
        patient_id=preparation.patient_id,
        items=len(items.items),
        open=len(open_items(preparation.states, items)),
        missing=missing(preparation.states, items, source, tuple(When)),
        aggregate_version=preparation.version,
    )
