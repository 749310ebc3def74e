"""The sample hospital's exams: files that the service takes whole, agree with each other and name their sources."""

import json

import pytest

from services.registration.desk.catalogue import catalogue
from services.registration.examcatalogue import files
from services.registration.examcatalogue.model import Modality, instructions
from services.simulator.hospital.files import HERE, NAMES_FILE
from services.simulator.play.exams import REQUESTS
from shared.csv_table import Faulty

TABLES = {
    "items": files.ITEMS,
    "rules": files.RULES,
    "preparations": files.PREPARATIONS,
    "devices": files.DEVICES,
}


@pytest.fixture(scope="module")
def sample():
    """The lines of the four files, none of them rejected."""
    read = {kind: table.read((HERE / f"exam_{kind}.csv").read_bytes()) for kind, table in TABLES.items()}
    assert {kind: rejected for kind, (_, rejected) in read.items() if rejected} == {}
    return {kind: list(lines.values()) for kind, (lines, _) in read.items()}


def test_there_are_at_least_forty_items_and_a_device_for_each(sample):
    items = sample["items"]
    assert len(items) >= 40
    assert {item.modality for item in items} == set(Modality)
    assert [item.item_code for item in items if not any(one.does(item) for one in sample["devices"])] == []
    assert {code for request in REQUESTS for code in request} <= {item.item_code for item in items}


def test_what_people_read_for_items_and_services_is_what_their_catalogues_say(sample):
    names = json.loads(NAMES_FILE.read_text(encoding="utf-8"))
    assert names["exams"] == {one.item_code: {"zh": one.name_zh, "en": one.name_en} for one in sample["items"]}
    assert names["services"] == {one.code: {"zh": one.name_zh, "en": one.name_en} for one in catalogue().kinds.values()}


def test_every_rule_is_between_tags_that_some_item_has_and_says_who_says_so(sample):
    tags = set().union(*(item.every_tag for item in sample["items"]))
    assert [one.rule_id for one in sample["rules"] if not {one.earlier_tag, one.later_tag} <= tags] == []
    assert all(one.source for one in sample["rules"])
    named = [one for one in sample["rules"] if not one.source.startswith("ours")]
    assert len(named) >= 10


def test_every_preparation_is_in_both_languages_and_asked_for(sample):
    known = {one.preparation_code: one for one in sample["preparations"]}
    asked = {code for item in sample["items"] for code in item.preparations}
    assert asked == set(known)
    assert all(one.text_zh and one.text_en for one in known.values())
    (contrast,) = (item for item in sample["items"] if item.item_code == "ct-abdomen-contrast")
    told = {one.preparation_code for one in instructions([contrast], [], known)}
    assert told == {"fast-4", "iodine-contrast"}
    assert {one.preparation_code for one in instructions([contrast], ["metformin"], known)} == told | {"metformin"}


@pytest.mark.parametrize(
    "text", ["", "1-5", "8 08:00-12:00", "1 12:00-08:00", "1 08:00-12:00 11:00-13:00", "1 08:00-25:00"]
)
def test_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(Faulty):
        files.hours(text)
