"""Every published case and vector comes out to the fen."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from services.discharge.settlement import packs
from services.discharge.settlement.calculate import calculate
from services.discharge.settlement.case_file import to_json, validate

FIXTURES = Path(__file__).parents[2] / "fixtures" / "settlement"
CASES = json.loads((FIXTURES / "settlement_cases.json").read_text(encoding="utf-8"))["cases"]
VECTORS = json.loads((FIXTURES / "settlement_vectors.json").read_text(encoding="utf-8"))["vectors"]
FIRST = CASES[0]["case"]
IDS = {"ids": lambda each: each["name"]}


def answered(document):
    case = validate(document)
    return calculate(case, packs.load(case.pack, case.on))


def fen(yuan):
    return int(Decimal(yuan) * 100)


def of_vector(vector):
    """The vector's inputs as a case: its items, or one line in scope and one of own pay."""
    given = vector["in"]
    amounts = {"01": fen(given["inscp"]), "03": fen(given["total"]) - fen(given["inscp"])}
    two = [{**FIRST["lines"][0], "class": which, "price_fen": price} for which, price in amounts.items()]
    return {
        **FIRST,
        "pack": "resident-tertiary" if given["dmi"] else "beijing-employee",
        "referral": "up" if given["uplift_points"] == "0.05" else None,
        "account_balance_fen": fen(given["acct"]),
        "lines": FIRST["lines"] if given["items"] else two,
    }


@pytest.mark.parametrize("worked", CASES, **IDS)
def test_a_worked_case_comes_out_to_the_fen(worked):
    answer = to_json(answered(worked["case"]))
    assert {field: answer[field] for field in worked["answer"]} == worked["answer"]


@pytest.mark.parametrize("vector", VECTORS, **IDS)
def test_a_vector_comes_out_to_the_fen_with_every_intermediate(vector):
    answer = answered(of_vector(vector))
    found = to_json(answer) | {f"{name}_fen": value for step in answer.steps for name, value in named(step)}
    expected = {f"{name}_fen": fen(yuan) for name, yuan in vector["out"].items()}
    if vector["in"]["large_ratio"] is None:
        found.setdefault("large_self_pay_fen", 0)
    assert {name: found[name] for name in expected} == expected


def named(step):
    return [(name.removesuffix("_fen"), value) for name, value in step.gives.items() if "self_pay" in name]


def test_each_item_of_a_vector_falls_into_its_four_parts():
    items = {item["amt"]: item for item in VECTORS[0]["in"]["items"][:-1]}
    lines = answered(of_vector(VECTORS[0])).lines
    assert len(lines) == len(items)
    for line in lines:
        item = items[f"{Decimal(line.amount_fen) / 100:.2f}"]
        assert line.fulamt_ownpay_amt_fen == fen(item["fulamt_ownpay_amt"])
        assert line.overlmt_selfpay_fen == fen(item["overlmt_amt"])
        assert line.preselfpay_amt_fen == fen(item["preselfpay_amt"])
        assert line.inscp_scp_amt_fen == fen(item["inscp_scp_amt"])


def test_the_fixtures_are_all_there():
    assert (len(CASES), len(VECTORS)) == (20, 4)


@pytest.mark.parametrize("worked", CASES, **IDS)
def test_every_field_of_an_answer_is_given_by_a_step(worked):
    answer = answered(worked["case"])
    given = {name: value for step in answer.steps for name, value in step.gives.items()}
    printed = {name: value for name, value in to_json(answer).items() if name.endswith("_fen")}
    assert {name: given[name] for name in printed} == printed


@pytest.mark.parametrize("worked", CASES, **IDS)
def test_every_entry_that_a_step_names_exists_in_the_pack(worked):
    answer = answered(worked["case"])
    pack = packs.load(worked["case"]["pack"], validate(worked["case"]).on)
    for step in answer.steps:
        assert (step.pack == pack.name) == bool(step.entries)
        for entry in step.entries:
            found = pack
            for key in entry.replace("[", ".").replace("]", "").split("."):
                found = (
                    found[int(key) if key.isdigit() else key]
                    if isinstance(found, dict | tuple)
                    else getattr(found, key)
                )


def test_an_answer_names_the_dated_pack_it_followed():
    used = to_json(answered(FIRST))["packs"]
    assert used == [{"name": "beijing-employee", "version": "1", "valid_from": "1900-01-01", "verified": True}]
