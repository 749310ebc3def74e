"""A bad row is named with its file and line and costs nothing but itself; a bad export is named whole."""

import pytest

from services.simulator.reading.model import UnreadableExport
from services.simulator.reading.synthea import read
from tests.unit.simulator.exports import charge, encounter, identity, patient, write


def rejected(recording):
    """The rejected rows as file, line and reason."""
    return [(row.file, row.line, row.reason) for row in recording.rejected]


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"Id": ""}, "Id is not a UUID"),
        ({"Id": "12"}, "Id is not a UUID"),
        ({"Id": identity("good")}, "Id stands on line 2 already"),
        ({"BIRTHDATE": ""}, "BIRTHDATE is empty"),
        ({"BIRTHDATE": "1980-13-01"}, "BIRTHDATE is no date and time"),
        ({"BIRTHDATE": "1820-01-01"}, "BIRTHDATE is outside 1900-2199"),
        ({"DEATHDATE": "soon"}, "DEATHDATE is no date and time"),
        ({"DEATHDATE": "1979-01-01"}, "DEATHDATE before BIRTHDATE"),
        ({"GENDER": "X"}, "GENDER is neither F nor M"),
    ],
)
def test_a_bad_patient_is_named_and_takes_their_encounters_along(tmp_path, differs, reason):
    write(
        tmp_path,
        patients=[patient("good"), patient("bad", **differs)],
        encounters=[encounter("of-good", of="good"), encounter("of-bad", of="bad")],
        charges=[charge(of="of-good")],
    )
    recording = read(tmp_path)
    (file, line, said), (encounters, orphan, why) = rejected(recording)
    assert (file, line, encounters, orphan) == ("patients.csv", 3, "encounters.csv", 3)
    assert said.startswith(reason)
    assert why.startswith("PATIENT is in no good row of patients.csv")
    assert len(recording.patients) == len(recording.stays) == 1


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"STOP": "2023-01-27T16:17:46Z"}, "STOP before START"),
        ({"STOP": ""}, "STOP is empty"),
        ({"START": "27.1.2023"}, "START is no date and time"),
        ({"START": "1979-01-27T16:17:47Z"}, "START before the patient's BIRTHDATE"),
        ({"START": "0001-01-01T00:00:00+14:00"}, "START is no date and time"),
        ({"PATIENT": identity("nobody")}, "PATIENT is in no good row"),
        ({"PATIENT": ""}, "PATIENT is not a UUID"),
        ({"ENCOUNTERCLASS": ""}, "ENCOUNTERCLASS is empty"),
        ({"Id": identity("good")}, "Id stands on line 2 already"),
    ],
)
@pytest.mark.parametrize("encounter_class", ["emergency", "wellness"])
def test_a_bad_encounter_is_named_and_the_good_one_goes_on(tmp_path, differs, reason, encounter_class):
    bad = {"ENCOUNTERCLASS": encounter_class, **differs}
    write(tmp_path, encounters=[encounter("good"), encounter("bad", **bad)], charges=[charge(of="good")])
    recording = read(tmp_path)
    ((file, line, said),) = rejected(recording)
    assert (file, line) == ("encounters.csv", 3)
    assert said.startswith(reason)
    assert [stay.amount_fen for stay in recording.stays] == [12916]


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"AMOUNT": ""}, "AMOUNT is no amount"),
        ({"AMOUNT": "12,5"}, "AMOUNT is no amount"),
        ({"AMOUNT": "NaN"}, "AMOUNT is no amount"),
        ({"AMOUNT": "1E999999999"}, "AMOUNT is no amount"),
        ({"AMOUNT": "\u0661\u0662"}, "AMOUNT is no amount"),
        ({"AMOUNT": "-3.00"}, "AMOUNT is below zero"),
        ({"AMOUNT": "3.001"}, "AMOUNT has a part of a fen"),
        ({"FROMDATE": ""}, "FROMDATE is empty"),
        ({"FROMDATE": "yesterday"}, "FROMDATE is no date and time"),
        ({"ID": "1"}, "ID is not a UUID"),
        ({"ID": identity("good")}, "ID stands on line 2 already"),
    ],
)
def test_a_bad_charge_is_named_and_the_good_one_goes_on(tmp_path, differs, reason):
    write(tmp_path, charges=[charge("good"), charge("bad", **differs), charge("also-good")])
    recording = read(tmp_path)
    ((file, line, said),) = rejected(recording)
    assert (file, line) == ("claims_transactions.csv", 3)
    assert said.startswith(reason)
    assert [stay.amount_fen for stay in recording.stays] == [2 * 12916]


def test_a_reason_never_repeats_the_value(tmp_path):
    write(tmp_path, patients=[patient(), patient("bad", BIRTHDATE="secret-day", GENDER="secret-sex")])
    assert "secret" not in str(rejected(read(tmp_path)))


def test_claims_outside_stays_are_not_read(tmp_path):
    unread = [
        charge("of-a-visit", of="visit", AMOUNT="bad"),
        charge("payment", TYPE="PAYMENT", AMOUNT=""),
        charge("of-nobody", of="nobody", FROMDATE=""),
    ]
    write(
        tmp_path,
        encounters=[encounter(), encounter("visit", ENCOUNTERCLASS="wellness")],
        charges=[charge(), *unread],
    )
    recording = read(tmp_path)
    assert rejected(recording) == []
    assert [len(stay.charges) for stay in recording.stays] == [1]


def test_a_class_that_is_not_covered_is_counted_and_not_rejected(tmp_path):
    others = [encounter(name, ENCOUNTERCLASS=name) for name in ("hospice", "snf", "moonbase")]
    write(tmp_path, encounters=[encounter(), *others, encounter("more", ENCOUNTERCLASS="snf", STOP="")])
    recording = read(tmp_path)
    assert recording.not_covered == {"hospice": 1, "snf": 2, "moonbase": 1}
    assert rejected(recording) == []
    assert len(recording.stays) == 1


def test_a_stay_that_begins_after_death_is_rejected(tmp_path):
    late = encounter("late", START="2023-02-01T00:00:00Z", STOP="2023-02-01T01:00:00Z")
    write(tmp_path, patients=[patient(DEATHDATE="2023-01-31")], encounters=[encounter(), late])
    recording = read(tmp_path)
    assert rejected(recording) == [
        ("encounters.csv", 3, "START after the patient's death: correct START or DEATHDATE"),
    ]
    assert len(recording.stays) == 1


def test_a_row_with_a_comma_too_many_or_a_field_too_few_is_named(tmp_path):
    write(tmp_path)
    with (tmp_path / "patients.csv").open("a") as patients:
        patients.write("a,b,c\n\na,b,c,d,e,f,g\n")
    assert [(file, line) for file, line, _ in rejected(read(tmp_path))] == [("patients.csv", 3), ("patients.csv", 5)]


def test_a_line_is_counted_as_the_file_has_it_when_a_quoted_field_spans_two(tmp_path):
    write(tmp_path, encounters=[encounter(DESCRIPTION="one,\r\ntwo"), encounter("bad", STOP="")])
    recording = read(tmp_path)
    assert [(file, line) for file, line, _ in rejected(recording)] == [("encounters.csv", 4)]
    assert recording.stays[0].encounters[0].description == "one,\r\ntwo"


def test_a_quotation_mark_that_never_closes_costs_its_own_row_only(tmp_path):
    write(tmp_path, charges=[charge(), charge("bad", NOTES="OPEN"), charge("good"), charge("worse", AMOUNT="x")])
    claims = tmp_path / "claims_transactions.csv"
    claims.write_text(claims.read_text().replace("OPEN", '"open'))
    recording = read(tmp_path)
    assert [(line, reason.split(":")[0]) for _, line, reason in rejected(recording)] == [
        (3, "the quotation marks do not pair"),
        (5, "AMOUNT is no amount"),
    ]
    assert [len(stay.charges) for stay in recording.stays] == [2]


def test_a_quotation_mark_that_closes_in_a_later_row_costs_its_own_row_only(tmp_path):
    rows = [charge("bad", NOTES="OPEN"), charge("good"), charge("quoted", NOTES="with, comma"), charge("last")]
    write(tmp_path, charges=rows)
    claims = tmp_path / "claims_transactions.csv"
    claims.write_text(claims.read_text().replace("OPEN", '"open'))
    recording = read(tmp_path)
    assert [line for _, line, _ in rejected(recording)] == [2]
    assert [len(stay.charges) for stay in recording.stays] == [3]


def test_missing_files_and_columns_are_named_all_at_once(tmp_path):
    write(tmp_path, charges=[{"ID": identity("c"), "TYPE": "CHARGE"}])
    (tmp_path / "encounters.csv").unlink()
    (tmp_path / "payers.csv").write_text("")
    with pytest.raises(UnreadableExport) as refused:
        read(tmp_path)
    said = [problem.split(";")[0] for problem in refused.value.problems]
    assert said == [
        "payers.csv: the column Id is missing",
        "payers.csv: the column NAME is missing",
        "encounters.csv: No such file or directory",
        "claims_transactions.csv: the column APPOINTMENTID is missing",
        "claims_transactions.csv: the column AMOUNT is missing",
        "claims_transactions.csv: the column FROMDATE is missing",
        "claims_transactions.csv: the column PROCEDURECODE is missing",
        "claims_transactions.csv: the column NOTES is missing",
    ]
