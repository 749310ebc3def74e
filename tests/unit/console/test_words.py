"""Everything on the pages has a name, in every language."""

import dataclasses
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.console.pages import catalogue, words
from services.console.pages.language import TAGS, Language, choose
from services.console.pages.names import Names
from services.console.pages.page import NAMED
from services.console.pages.vocabulary.fields import FIELDS
from services.console.projection.looks import Look
from services.simulator.hospital.files import NAMES_FILE
from shared.messages import EVENTS, source_of

PLACEHOLDER = re.compile(r"%\(\w+\)s")


def test_every_event_and_every_service_has_a_name():
    assert set(words.EVENTS) == set(EVENTS)
    assert set(words.SERVICES) == {source_of(name) for name in EVENTS}


def test_every_look_has_a_name_and_a_glyph_of_its_own():
    assert set(words.LOOKS) == set(words.GLYPHS) == set(Look)
    for tag in TAGS:
        gettext = Language(tag, UTC).words.gettext
        assert len({gettext(glyph) for glyph in words.GLYPHS.values()}) == len(Look)


def test_every_fact_is_a_field_of_its_event_and_has_a_name():
    for event_type, fields in words.FACTS.items():
        known = {field.name for field in dataclasses.fields(EVENTS[event_type])}
        assert set(fields) <= known, event_type
        assert set(fields) <= set(FIELDS), event_type


def test_no_diagnosis_is_shown():
    shown = {field for fields in words.FACTS.values() for field in fields}

    assert shown.isdisjoint({"diagnosis_code", "procedure_code", "drg", "needs", "isolation", "triage"})


@pytest.mark.parametrize("path", catalogue.catalogues(), ids=lambda path: path.parent.parent.name)
def test_a_catalogue_translates_every_text_and_nothing_else(path):
    wanted = {_key(message): message for message in catalogue.texts() if message.id}
    held = {_key(message): message for message in catalogue.read(path) if message.id}

    assert set(held) == set(wanted)
    for key, message in held.items():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), f"{key} is not translated"
        assert not message.fuzzy, key
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(key)), key


def _key(message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


@pytest.mark.parametrize(
    ("chosen", "asked", "tag"),
    [
        ("en", "zh-CN", "en"),
        (None, "zh-TW,zh;q=0.9", "zh-CN"),
        (None, "fr;q=0.9, en;q=0.8, zh;q=0.7", "en"),
        (None, "en;q=0, fr", "zh-CN"),
        (None, None, "zh-CN"),
        ("xx", ";;q=,", "zh-CN"),
    ],
)
def test_the_readers_choice_goes_before_the_browsers(chosen, asked, tag):
    assert choose(chosen, asked) == tag


def test_times_and_money_are_written_as_people_there_write_them():
    zone = ZoneInfo("Asia/Shanghai")
    at = datetime(2026, 3, 2, 16, 5, tzinfo=UTC)
    chinese, english = Language("zh-CN", zone), Language("en", zone)

    assert (chinese.day(at), english.day(at)) == ("2026年3月3日 周二", "Tue, 3 Mar 2026")
    assert (chinese.day(date(2026, 3, 2)), english.moment(at)) == ("2026年3月2日 周一", "2026-03-03 00:05")
    assert (chinese.yuan(1_234_500), english.yuan(-5)) == ("¥12,345.00", "-¥0.05")
    assert english.percent(0.9338) == "93.4%"


def test_the_hospitals_own_codes_are_read_by_the_names_that_it_tells():
    names = Names(NAMES_FILE)
    assert names.of(NAMED["item_code"], "ecg", "zh-CN") != "ecg"
    assert names.of(NAMED["kind"], "invoice-reprint", "en") == "Invoice printed again"
    assert names.of(NAMED["item_code"], "of-another-hospital", "en") == "of-another-hospital"
