"""The rules of the board."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.console.board.model import day_of, lay_out
from services.console.projection.looks import Look, label, look
from services.console.projection.model import Bed

PATIENT = UUID(int=1)


def bed(bed_id: str, status: str = "U", *, reserved: bool = False) -> Bed:
    campus, ward, room, _ = bed_id.split("/")
    return Bed(
        bed_id=bed_id,
        campus_id=campus,
        ward_id=ward,
        room_id=room,
        status=status,
        reserved=reserved,
        patient_id=None,
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        added_position=1,
    )


@pytest.mark.parametrize(
    ("status", "reserved", "shown"),
    [
        ("O", False, Look.OCCUPIED),
        ("U", False, Look.FREE),
        ("U", True, Look.RESERVED),
        ("H", False, Look.CLEANING),
        ("H", True, Look.CLEANING),
        ("K", False, Look.CONTAMINATED),
        ("I", False, Look.ISOLATED),
        ("C", False, Look.CLOSED),
        ("Z", False, Look.CLOSED),
    ],
)
def test_every_status_has_one_look_and_nobody_counts_on_an_unknown_one(status, reserved, shown):
    assert look(bed("main/A/01/1", status, reserved=reserved)) is shown


def test_the_counts_of_wards_add_up_to_the_beds():
    beds = [bed("main/A/01/1", "O"), bed("main/A/01/2"), bed("main/B/01/1", "H"), bed("north/C/09/1", "O")]

    campuses = lay_out(beds)

    assert [(campus.campus_id, campus.beds, campus.occupied) for campus in campuses] == [
        ("main", 3, 1),
        ("north", 1, 1),
    ]
    assert [[room.room_id for room in ward.rooms] for ward in campuses[0].wards] == [["01"], ["01"]]
    assert campuses[0].wards[0].counts == {Look.OCCUPIED: 1, Look.FREE: 1}


def test_a_day_is_the_hospitals_and_not_the_servers():
    start, end = day_of(datetime(2026, 3, 2, 17, 30, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))

    assert start == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert end - start == timedelta(days=1)


def test_a_place_is_labelled_by_its_own_part():
    assert (label("main/M-CA/05/2"), label("M-CA")) == ("2", "M-CA")
