"""Packs are dated files that say exactly what the calculator reads."""

import json
from datetime import date
from pathlib import Path

import pytest

from services.discharge.settlement import packs
from services.discharge.settlement.model import Unacceptable

FOLDER = Path(packs.__file__).with_name("packs")
DAY = date(2026, 3, 1)
BEIJING = (FOLDER / "beijing-employee-1900-01-01.json").read_text(encoding="utf-8")
RESIDENT = (FOLDER / "resident-tertiary-1900-01-01.json").read_text(encoding="utf-8")


def test_both_packs_of_the_foundation_are_there():
    assert packs.names() == ("beijing-employee", "resident-tertiary")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_a_file_is_named_by_its_pack_and_its_first_day(file):
    pack = packs.read(file.read_text(encoding="utf-8"), file.name)
    assert file.stem == f"{pack.name}-{pack.valid_from}"


@pytest.mark.parametrize("name", packs.names())
def test_a_pack_that_claims_1900_says_that_this_is_fiction(name):
    pack = packs.load(name, date(1900, 1, 1))
    assert pack.valid_from == date(1900, 1, 1)
    assert any("fiction" in note for note in pack.notes)


def test_only_the_pack_that_reproduced_a_bill_is_called_verified():
    assert [packs.load(name, DAY).verified for name in packs.names()] == [True, False]


def test_an_unknown_pack_and_a_day_before_the_first_are_told_by_field():
    with pytest.raises(Unacceptable, match="pack: there is no pack"):
        packs.load("chengdu", DAY)
    with pytest.raises(
        Unacceptable, match=r"on: 1899-12-31 lies before beijing-employee; write 1900-01-01 or a later day"
    ):
        packs.load("beijing-employee", date(1899, 12, 31))


def changed(text, **values):
    return json.dumps(json.loads(text) | values)


BROKEN = {
    "ratio as a number": (changed(BEIJING, retired_self_factor=0.6), "retired_self_factor"),
    "unknown key": (changed(BEIJING, retired_factor="0.6"), "retired_factor"),
    "unknown key inside": (changed(BEIJING, large_amount={"ratio": "0.8", "cap_fen": 1, "x": 1}), "large_amount"),
    "missing key": (json.dumps({k: v for k, v in json.loads(BEIJING).items() if k != "levels"}), "levels"),
    "no levels": (changed(BEIJING, levels={}), "levels"),
    "factor above 1": (changed(BEIJING, retired_self_factor="1.2"), "retired_self_factor"),
    "negative cap": (changed(BEIJING, pool_cap_fen=-1), "pool_cap_fen"),
    "bad day": (changed(BEIJING, valid_from="1900-13-01"), "valid_from"),
    "negative deductible": (BEIJING.replace("[130000, 65000]", "[-1]"), "deductible_fen_by_admission"),
    "no deductible": (BEIJING.replace("[130000, 65000]", "[]"), "deductible_fen_by_admission"),
    "bands that fall": (BEIJING.replace('"up_to_fen": 4000000', '"up_to_fen": 2000000'), "up_to_fen must rise"),
    "an open band too early": (BEIJING.replace('"up_to_fen": 4000000', '"up_to_fen": null'), "always the last"),
    "no open band": (BEIJING.replace('"up_to_fen": null', '"up_to_fen": 5000000'), "always the last"),
    "band ratio above 1": (BEIJING.replace('"0.15"', '"1.5"'), "self_ratio"),
    "tier lifted above 1": (RESIDENT.replace('"0.80"', '"0.97"'), "low_income.points"),
    "no JSON": ("{", "the file"),
}


@pytest.mark.parametrize(("text", "entry"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_pack_is_refused_and_the_message_names_file_and_entry(text, entry):
    with pytest.raises(packs.BadPack) as refused:
        packs.read(text, "some-pack.json")
    assert str(refused.value).startswith("some-pack.json: ")
    assert entry in str(refused.value)
