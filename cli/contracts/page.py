"""`docs/events.md`: every event for a person, in the order of a patient's way, read from the AsyncAPI document.

Invariant: every message of the document stands on the page once.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cli.contracts.kinds import kind

Document = dict[str, Any]

WAY = {
    "Known and expected": (
        "registration.patient-registered.v1",
        "registration.contact-chosen.v1",
        "registration.session-opened.v1",
        "registration.session-released.v1",
        "registration.places-added.v1",
        "registration.session-cut.v1",
        "registration.clinician-substituted.v1",
        "registration.slot-held.v1",
        "registration.hold-expired.v1",
        "registration.appointment-booked.v1",
        "registration.appointment-rescheduled.v1",
        "registration.appointment-displaced.v1",
        "registration.appointment-cancelled.v1",
        "registration.appointment-missed.v1",
        "registration.waitlist-joined.v1",
        "registration.place-offered.v1",
        "registration.offer-accepted.v1",
        "registration.offer-declined.v1",
        "registration.offer-expired.v1",
        "registration.offer-withdrawn.v1",
        "registration.waitlist-left.v1",
        "registration.waitlist-lapsed.v1",
        "registration.application-submitted.v1",
        "registration.application-accepted.v1",
        "registration.application-declined.v1",
        "registration.application-redirected.v1",
        "registration.application-withdrawn.v1",
        "registration.material-received.v1",
        "registration.material-rejected.v1",
        "registration.patient-arrived.v1",
        "registration.patient-called.v1",
        "registration.patient-skipped.v1",
        "registration.patient-returned.v1",
        "registration.visit-completed.v1",
        "registration.exam-plan-held.v1",
        "registration.exam-plan-booked.v1",
        "registration.exam-plan-changed.v1",
        "registration.exam-plan-cancelled.v1",
        "registration.exam-done.v1",
        "registration.referral-placed.v1",
        "registration.referral-waiting.v1",
        "registration.referral-closed.v1",
        "registration.ticket-opened.v1",
        "registration.ticket-closed.v1",
    ),
    "Waiting for a bed": (
        "beds.referral-accepted.v1",
        "beds.referral-refused.v1",
        "registration.admission-requested.v1",
        "beds.admission-queued.v1",
        "beds.day-surgery-scheduled.v1",
        "beds.day-surgery-cancelled.v1",
        "beds.bed-proposed.v1",
        "beds.bed-reserved.v1",
        "registration.admission-exams-booked.v1",
        "registration.admission-exams-unplanned.v1",
        "beds.reservation-answered.v1",
        "beds.reservation-expired.v1",
        "beds.preparation-changed.v1",
        "followup.call-back-due.v1",
        "followup.call-back-recorded.v1",
        "beds.emergency-limit-near.v1",
        "beds.emergency-limit-passed.v1",
        "beds.admission-withdrawn.v1",
        "beds.reservation-cancelled.v1",
        "beds.bed-planned.v1",
        "beds.bed-plan-ended.v1",
    ),
    "In the ward": (
        "beds.patient-admitted.v1",
        "discharge.account-opened.v1",
        "discharge.deposit-received.v1",
        "discharge.charge-posted.v1",
        "beds.patient-transferred.v1",
        "beds.transfer-cancelled.v1",
        "beds.care-team-changed.v1",
        "beds.admission-cancelled.v1",
        "discharge.account-voided.v1",
        "beds.leave-expected.v1",
        "beds.leave-expectation-cancelled.v1",
        "beds.day-surgery-converted.v1",
        "beds.referral-out-sent.v1",
        "beds.referral-out-answered.v1",
        "beds.referral-out-cancelled.v1",
    ),
    "Settled and home": (
        "discharge.discharge-ordered.v1",
        "discharge.presettled.v1",
        "discharge.settlement-confirmed.v1",
        "discharge.settled.v1",
        "discharge.refunded.v1",
        "discharge.patient-left.v1",
        "beds.bed-released.v1",
        "beds.leave-undone.v1",
        "beds.cleaning-requested.v1",
        "beds.cleaning-done.v1",
        "beds.cleaning-cancelled.v1",
    ),
    "Followed up": (
        "followup.plan-opened.v1",
        "followup.task-due.v1",
        "followup.task-completed.v1",
        "followup.visit-requested.v1",
        "followup.plan-closed.v1",
    ),
}
AT_ANY_TIME = "At any time"

INTRODUCTION = """\
# Events

Made from the code by `make generated`; the same for programs is [asyncapi.json](asyncapi.json), and how to follow \
them from an app is told in [consume.md](consume.md).

A record's value is the event's fields as JSON. Its key orders it: all events of one aggregate have the same key. \
Its headers are a CloudEvents 1.0 envelope:
"""
DELIVERY = """
Delivery is at least once, in order per key. Take an event once by its `ce_id`, or pass over an `aggregate_version` \
that is not above the last one of the same `ce_subject`. Ignore types and fields you do not know. A type may gain \
optional fields; anything else comes as a new type beside the old one, and `make check` holds us to it. Money is \
whole fen; instants are UTC.

Everything is kept on the event topics; `bed-state` keeps the last word per bed. What a service cannot take it says \
again on its own topic `<service>-dead-letters`, with the headers `dead-topic`, `dead-partition`, `dead-offset` and \
`dead-reason`. Consumer groups are called as the services; yours needs another name.
"""


def page(document: Document) -> str:
    """The page as Markdown."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    stages = _stages(document)
    yield INTRODUCTION
    yield from _table(("header", "what it says"), _headers(document))
    yield DELIVERY
    yield "## On one page\n"
    rows = [
        (
            f"[{name}](#{_anchor(name)})",
            _says(name),
            " ".join(sorted(_hears(document, name))),
            _message(document, name)["summary"],
        )
        for names in stages.values()
        for name in names
    ]
    yield from _table(("event", "said by", "heard by", "when"), rows)
    yield "\nThe console hears every event and draws it; it is left out here and below."
    for title, names in stages.items():
        yield f"\n## {title}"
        for name in names:
            yield from _event(document, name)


def _stages(document: Document) -> dict[str, list[str]]:
    """The events by where the patient is; what is on no stage may come at any time."""
    on_the_way = {name for names in WAY.values() for name in names}
    others = [name for name in document["components"]["messages"] if name != "dead-letter" and name not in on_the_way]
    return {title: list(names) for title, names in WAY.items()} | {AT_ANY_TIME: others}


def _headers(document: Document) -> Iterator[tuple[str, str]]:
    for name, header in document["components"]["schemas"]["headers"]["properties"].items():
        yield f"`{name}`", header.get("description", f"always `{header.get('const')}`")


def _event(document: Document, name: str) -> Iterator[str]:
    message, schema = _message(document, name), document["components"]["schemas"][name]
    topic, key = schema["x-topic"], schema["x-key"]
    aggregate, id_field = schema["x-subject"]
    yield f"\n### {name}\n"
    yield f"{schema['description']}\n"
    yield f"- **Said by** {_says(name)} on `{topic}`, key `{key}`; one of the events of `{aggregate}/{{{id_field}}}`."
    hears = _hears(document, name)
    effects = "; ".join(f"{service}: {_lower(effect)}" for service, effect in sorted(hears.items()))
    yield f"- **Heard by** {effects.rstrip('.')}.\n" if hears else "- **Heard by** no other service.\n"
    fields = [
        (
            f"`{field}`",
            kind(said, schema.get("$defs", {})) + ("" if field in schema["required"] else ", may be missing"),
        )
        for field, said in schema["properties"].items()
    ]
    yield from _table(("field", "takes"), fields)
    example = message["examples"][0]
    yield f"\n```json\n{json.dumps(example['payload'], indent=2, ensure_ascii=False)}\n```"


def _message(document: Document, name: str) -> Document:
    message: Document = document["components"]["messages"][name]
    return message


def _says(name: str) -> str:
    return name.partition(".")[0]


def _hears(document: Document, name: str) -> dict[str, str]:
    """Who reacts to an event, and how; the console, which reacts to all, is left out."""
    return {
        operation["tags"][0]["name"]: operation["x-effects"][name]
        for operation in document["operations"].values()
        if name in operation.get("x-effects", {}) and operation["tags"][0]["name"] != "console"
    }


def _anchor(name: str) -> str:
    """The address that Markdown gives to a heading."""
    return name.replace(".", "")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
