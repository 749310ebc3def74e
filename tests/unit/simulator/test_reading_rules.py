"""How rows become visits and stays: forms of time, merging, death, bed days, newer exports."""

from datetime import UTC, datetime

import pytest

from services.simulator.reading.synthea import read
from services.simulator.reading.timing import bed_days
from tests.unit.simulator.exports import charge, encounter, identity, patient, write


def stays_of(tmp_path, *times, **rows):
    """The stays that emergencies with these starts and stops make up."""
    encounters = [encounter(f"e{i}", START=start, STOP=stop) for i, (start, stop) in enumerate(times)]
    return read(write(tmp_path, encounters=encounters, charges=[charge(of="e0")], **rows)).stays


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2023-01-27T16:17:47Z", datetime(2023, 1, 27, 16, 17, 47, tzinfo=UTC)),
        ("2023-01-27T16:17Z", datetime(2023, 1, 27, 16, 17, tzinfo=UTC)),
        ("2023-01-27T16:17:47", datetime(2023, 1, 27, 16, 17, 47, tzinfo=UTC)),
        ("2023-01-27 16:17:47", datetime(2023, 1, 27, 16, 17, 47, tzinfo=UTC)),
        ("2023-01-27T11:17:47-05:00", datetime(2023, 1, 27, 16, 17, 47, tzinfo=UTC)),
        ("2023-01-27T16:17:47.250Z", datetime(2023, 1, 27, 16, 17, 47, 250_000, tzinfo=UTC)),
        ("2023-01-27", datetime(2023, 1, 27, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_every_form_as_utc(tmp_path, written, meant):
    (stay,) = stays_of(tmp_path, (written, "2023-01-28T00:00:00Z"))
    assert stay.started_at == meant
    assert stay.started_at.tzinfo is UTC


def test_encounters_that_overlap_in_a_chain_are_one_stay(tmp_path):
    (stay,) = stays_of(
        tmp_path,
        ("2023-01-01T05:00Z", "2023-01-01T09:00Z"),
        ("2023-01-01T01:00Z", "2023-01-01T03:00Z"),
        ("2023-01-01T02:00Z", "2023-01-01T06:00Z"),
    )
    assert stay.encounter_ids == tuple(encounter.encounter_id for encounter in stay.encounters)
    assert [str(found) for found in stay.encounter_ids] == [identity("e1"), identity("e2"), identity("e0")]
    assert (stay.started_at.hour, stay.ended_at.hour) == (1, 9)


def test_a_short_encounter_inside_a_long_one_does_not_end_the_stay(tmp_path):
    (stay,) = stays_of(
        tmp_path,
        ("2023-01-01T01:00Z", "2023-01-05T01:00Z"),
        ("2023-01-02T01:00Z", "2023-01-02T02:00Z"),
        ("2023-01-04T01:00Z", "2023-01-04T02:00Z"),
    )
    assert stay.ended_at == datetime(2023, 1, 5, 1, tzinfo=UTC)


def test_an_encounter_that_starts_at_the_very_end_is_a_stay_of_its_own(tmp_path):
    stays = stays_of(tmp_path, ("2023-01-01T01:00Z", "2023-01-01T03:00Z"), ("2023-01-01T03:00Z", "2023-01-01T06:00Z"))
    assert [stay.started_at.hour for stay in stays] == [1, 3]


def test_of_two_that_start_together_the_earlier_row_names_the_stay(tmp_path):
    (stay,) = stays_of(tmp_path, ("2023-01-01T01:00Z", "2023-01-01T03:00Z"), ("2023-01-01T01:00Z", "2023-01-01T06:00Z"))
    assert str(stay.encounter_id) == identity("e0")


def test_two_patients_are_never_merged(tmp_path):
    write(
        tmp_path,
        patients=[patient("p"), patient("q")],
        encounters=[encounter("e", of="p"), encounter("f", of="q")],
    )
    assert len(read(tmp_path).stays) == 2


def test_charges_of_every_encounter_of_a_stay_are_its_own_and_lie_inside_it(tmp_path):
    write(
        tmp_path,
        encounters=[
            encounter("e", START="2023-01-01T01:00Z", STOP="2023-01-01T03:00Z"),
            encounter("f", START="2023-01-01T02:00Z", STOP="2023-01-01T06:00Z"),
        ],
        charges=[
            charge("late", of="e", FROMDATE="2031-01-01T00:00Z", AMOUNT="0.01"),
            charge("early", of="f", FROMDATE="1970-01-01T00:00:00Z", AMOUNT="0.00"),
            charge("mid", of="f", FROMDATE="2023-01-01T05:00Z", AMOUNT="80436.37"),
        ],
    )
    (stay,) = read(tmp_path).stays
    assert [(charge.posted_at.hour, charge.amount_fen) for charge in stay.charges] == [(1, 0), (5, 8_043_637), (6, 1)]


@pytest.mark.parametrize(
    ("start", "stop", "days"),
    [
        ("2023-01-01T10:00Z", "2023-01-01T11:00Z", 1),
        ("2023-01-01T15:59Z", "2023-01-01T16:00Z", 1),
        ("2023-01-01T15:59Z", "2023-01-02T16:00Z", 2),
        ("2023-01-01T16:00Z", "2023-01-03T15:59Z", 1),
    ],
)
def test_bed_days_are_the_midnights_of_shanghai_and_at_least_one(tmp_path, start, stop, days):
    (stay,) = stays_of(tmp_path, (start, stop))
    assert bed_days(stay) == days


@pytest.mark.parametrize(
    ("start", "stop", "died_at", "plan"),
    [
        ("2023-01-30T20:00Z", "2023-01-31T08:00Z", datetime(2023, 1, 31, 8, tzinfo=UTC), False),
        ("2023-01-31T20:00Z", "2023-02-02T08:00Z", datetime(2023, 2, 2, 8, tzinfo=UTC), False),
        ("2023-01-30T20:00Z", "2023-01-31T00:00Z", datetime(2023, 2, 1, tzinfo=UTC), True),
        ("2023-01-02T20:00Z", "2023-01-02T21:00Z", datetime(2023, 2, 1, tzinfo=UTC), True),
    ],
)
def test_death_is_the_end_of_the_stay_open_that_day_else_its_last_instant(tmp_path, start, stop, died_at, plan):
    write(
        tmp_path,
        patients=[patient(DEATHDATE="2023-01-31")],
        encounters=[
            encounter("e", START=start, STOP=stop),
            encounter("at", START=died_at.isoformat(), STOP=died_at.isoformat(), ENCOUNTERCLASS="wellness"),
            encounter("before", START="2023-01-30T00:00Z", STOP="2023-01-30T00:15Z", ENCOUNTERCLASS="wellness"),
        ],
    )
    recording = read(tmp_path)
    assert list(recording.deaths.values()) == [died_at]
    assert [recording.opens_plan(stay) for stay in recording.stays] == [plan]
    cancelled = [str(visit.encounter_id) for visit in recording.visits if recording.is_cancelled_by_death(visit)]
    assert cancelled == [identity("at")]


def test_a_newer_export_with_more_columns_and_classes_is_read_alike(tmp_path):
    newer = {"MIDDLE": "Q3", **patient(), "FIPS": "25017", "INCOME": "120913"}
    classes = ("home", "virtual", "hospice", "snf")
    write(
        tmp_path,
        patients=[newer],
        encounters=[encounter(), *(encounter(name, ENCOUNTERCLASS=name) for name in classes)],
    )
    recording = read(tmp_path)
    assert [visit.encounter_class for visit in recording.visits] == ["home", "virtual"]
    assert recording.not_covered == {"hospice": 1, "snf": 1}
    assert recording.rejected == ()


def test_column_names_count_and_neither_their_order_nor_their_case_nor_a_byte_order_mark(tmp_path):
    turned = dict(reversed(charge(AMOUNT="1.50").items()))
    write(tmp_path, charges=[{name.lower(): value for name, value in turned.items()}])
    encounters = tmp_path / "encounters.csv"
    encounters.write_text("\ufeff" + encounters.read_text())
    assert [stay.amount_fen for stay in read(tmp_path).stays] == [150]


def test_a_payer_that_is_not_listed_is_nobody_and_no_error(tmp_path):
    write(tmp_path, encounters=[encounter("known"), encounter("unknown", PAYER="", START="2023-01-27T17:17:47Z")])
    recording = read(tmp_path)
    assert [stay.encounters[0].payer for stay in recording.stays] == ["Aetna", ""]


def test_progress_is_told_while_a_long_file_is_read(tmp_path):
    payments = [charge("payment", TYPE="PAYMENT")] * 100_001
    told = []
    read(write(tmp_path, charges=payments), lambda file, rows: told.append((file, rows)))
    assert told == [("claims_transactions.csv", 50_000), ("claims_transactions.csv", 100_000)]
