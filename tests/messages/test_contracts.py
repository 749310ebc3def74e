"""What has been said once can be read for ever, and what is said is what was published."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shared.codec import Undecodable, decode, encode, schema
from shared.envelope import seal, unseal
from shared.messages import EVENTS, topic_of
from tests.support.service import NOON

EXAMPLES = sorted((Path(__file__).parents[2] / "shared/messages/examples").glob("*/*.json"))
TYPES = sorted(EVENTS)
PERSONAL = {"name", "phone", "email", "address", "id_number", "note", "text", "born_on", "birth_date"}


def example(event_type):
    """The first stored example of a type."""
    return next(path for path in EXAMPLES if path.parent.name == event_type).read_bytes()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_example_ever_stored_decodes_and_fits_its_schema(path):
    stored = json.loads(path.read_bytes())
    event = decode(path.parent.name, path.read_bytes())
    said_again = json.loads(encode(event))
    assert {name: said_again[name] for name in stored} == stored
    Draft202012Validator(schema(type(event))).validate(stored)


@pytest.mark.parametrize("event_type", TYPES)
def test_every_message_has_a_stored_example(event_type):
    assert example(event_type)


@pytest.mark.parametrize("event_type", TYPES)
def test_every_field_stands_in_a_stored_example(event_type):
    examples = [json.loads(path.read_bytes()) for path in EXAMPLES if path.parent.name == event_type]
    assert {name for stored in examples for name in stored} == {field.name for field in fields(EVENTS[event_type])}


@pytest.mark.parametrize("event_type", TYPES)
def test_a_message_says_nothing_personal(event_type):
    assert not PERSONAL & {field.name for field in fields(EVENTS[event_type])}


@pytest.mark.parametrize("event_type", TYPES)
def test_a_reader_ignores_fields_it_does_not_know(event_type):
    event = json.loads(example(event_type)) | {"something_new": 1}
    assert decode(event_type, json.dumps(event).encode())


@pytest.mark.parametrize("event_type", TYPES)
def test_a_missing_field_is_named_and_no_value_is(event_type):
    event = json.loads(example(event_type))
    del event["aggregate_version"]
    with pytest.raises(Undecodable) as refusal:
        decode(event_type, json.dumps(event).encode())
    assert refusal.value.fields == "aggregate_version:missing"


@pytest.mark.parametrize("event_type", TYPES)
def test_the_envelope_comes_back_as_it_went(event_type):
    event = decode(event_type, example(event_type))
    outgoing = seal(event, NOON)
    envelope = unseal(outgoing.headers)
    kind, field = type(event).subject
    assert envelope.type == event_type
    assert envelope.subject == f"{kind}/{getattr(event, field)}"
    assert envelope.time == NOON
    assert outgoing.topic == topic_of(type(event))
    assert outgoing.key == str(getattr(event, type(event).key))
