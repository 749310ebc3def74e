"""The AsyncAPI document: the official parser reads it without a word, and it says what the code does."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cli.contracts import asyncapi
from cli.contracts.page import page
from cli.generated import events_document
from services.beds.consumers import REACTIONS as BEDS
from services.followup.consumers import REACTIONS as FOLLOWUP
from shared.broker import TOPICS
from shared.messages import EVENTS, topic_of

DOCUMENT = events_document()
PUBLISHED = Path(__file__).parents[2] / "docs" / "asyncapi.json"
TYPES = sorted(EVENTS)


def example_of(document, name):
    """The example of a message."""
    return document["components"]["messages"][name]["examples"][0]


def heard(document):
    """What beds hears from registration."""
    return document["operations"]["beds-hears-registration-events"]["messages"]


def test_the_official_parser_reads_the_published_document_without_a_diagnostic(asyncapi_parser):
    ran = asyncapi_parser(PUBLISHED)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert {name: found["partitions"] for name, found in seen["channels"].items()} == {
        topic.name: topic.partitions for topic in TOPICS
    }
    assert seen["channels"]["bed-state"]["topicConfiguration"]["cleanup.policy"] == ["compact"]
    assert seen["channels"]["beds-events"]["topicConfiguration"]["retention.ms"] == -1
    for name in TYPES:
        assert name in seen["channels"][topic_of(EVENTS[name])]["messages"]
        assert ("beds" in seen["heard"][name]) == (name in BEDS.types)
        assert ("followup" in seen["heard"][name]) == (name in FOLLOWUP.types)
        assert "console" in seen["heard"][name]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda said: said["channels"].pop("bed-state"), "bed-state"),
        (lambda said: said["channels"]["beds-events"]["bindings"]["kafka"].update(partitions="12"), "partitions"),
        (lambda said: heard(said).append({"$ref": "#/channels/bed-state/messages/beds.bed-state.v1"}), "messages"),
    ],
    ids=["an operation on no channel", "a binding that is none", "an operation with a message of another channel"],
)
def test_the_official_parser_refuses_a_planted_fault(asyncapi_parser, tmp_path, spoil, says):
    spoilt = json.loads(PUBLISHED.read_text())
    spoil(spoilt)
    (tmp_path / "spoilt.json").write_text(json.dumps(spoilt))
    ran = asyncapi_parser(tmp_path / "spoilt.json")
    assert ran.returncode == 1
    assert says in ran.stderr


@pytest.mark.parametrize("name", TYPES)
def test_an_example_is_what_is_sent_and_fits_what_is_described(name):
    message = DOCUMENT["components"]["messages"][name]
    schemas = DOCUMENT["components"]["schemas"]
    example = example_of(DOCUMENT, name)
    Draft202012Validator(schemas[name]).validate(example["payload"])
    Draft202012Validator({**message["headers"], "components": {"schemas": schemas}}).validate(example["headers"])
    assert set(example["headers"]) == set(asyncapi.HEADERS) - asyncapi.OPTIONAL_HEADERS
    assert example["headers"]["ce_partitionkey"] == str(example["payload"][EVENTS[name].key])


def test_a_reader_that_follows_the_document_takes_a_field_that_is_added_later():
    payload = example_of(DOCUMENT, "beds.bed-reserved.v1")["payload"]
    Draft202012Validator(DOCUMENT["components"]["schemas"]["beds.bed-reserved.v1"]).validate(payload | {"later": 1})


def test_every_listener_says_what_it_does_with_an_event():
    for operation in DOCUMENT["operations"].values():
        assert all(operation.get("x-effects", {"": "sends"}).values())


def test_every_event_stands_on_the_page_once_and_the_way_goes_from_registration_to_follow_up():
    headings = re.findall(r"^### (.+)$", page(DOCUMENT), re.MULTILINE)
    assert sorted(headings) == TYPES
    way = ["registration.patient-registered.v1", "beds.patient-admitted.v1", "discharge.settled.v1"]
    assert [headings.index(name) for name in way] == sorted(headings.index(name) for name in way)
    assert headings.index("discharge.settled.v1") < headings.index("followup.task-due.v1")
