"""A bed file read: what goes in, and how each fault is named."""

import pytest

from services.beds.inventory.bed_file import read
from services.beds.scoring.model import BedStatus
from services.beds.scoring.table_file import NoTable

HEADER = "campus,ward,specialty,overflow,room,bed,status,sex_policy,room_sex,attributes,age_group,isolation,stay_band"
GOOD = "east,C1,cardiology,surgery;neurology,01,1,U,single,,oxygen,adult,none,1-9"


def content(*lines, header=HEADER):
    """A file with these lines."""
    return "\n".join([header, *lines]).encode()


def test_a_good_line_is_a_bed_with_its_room():
    [line], rejected = read(content(GOOD))
    assert rejected == []
    assert (line.bed_id, line.room.room_id, line.room.ward_id) == ("east/C1/01/1", "east/C1/01", "east/C1")
    assert (line.overflow, line.stay_band, line.status) == (("surgery", "neurology"), (1, 9), BedStatus.UNOCCUPIED)


def test_columns_are_found_by_name_and_unknown_ones_passed_over():
    names, cells = HEADER.split(","), GOOD.split(",")
    turned = ",".join(reversed([*names, "floor"])), ",".join(reversed([*cells, "7"]))
    [line], rejected = read(content(turned[1], header=turned[0]))
    assert (line.bed_id, rejected) == ("east/C1/01/1", [])


def test_the_stay_band_may_be_missing_as_a_column_or_empty():
    [line], _ = read(content(GOOD.removesuffix(",1-9"), header=HEADER.removesuffix(",stay_band")))
    assert line.stay_band is None


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("east", "", "campus"),
        ("C1", "C/1", "ward"),
        ("cardiology", "", "specialty"),
        ("surgery;", "surg ery;", "overflow"),
        (",U,", ",Z,", "status"),
        ("single", "both", "sex_policy"),
        ("single,,", "single,X,", "room_sex"),
        ("adult", "elderly", "age_group"),
        ("none", "some", "isolation"),
        ("1-9", "9-1", "stay_band"),
        ("1-9", "1-9,more", "line"),
    ],
)
def test_a_fault_is_named_by_line_and_field_with_a_remedy(old, new, field):
    lines, [fault] = read(content(GOOD.replace(old, new, 1)))
    assert (lines, fault.line, fault.field) == ([], 2, field)
    assert fault.reason
    assert fault.remedy


def test_all_faults_of_a_line_are_named_and_blank_lines_are_none():
    lines, faults = read(content("", GOOD.replace("adult", "x").replace("none", "y"), GOOD))
    assert [(fault.line, fault.field) for fault in faults] == [(3, "age_group"), (3, "isolation")]
    assert [line.line for line in lines] == [4]


def test_the_first_line_of_a_room_counts_and_of_a_bed_too():
    other = GOOD.replace("01,1,", "01,2,").replace("single", "mixed").replace("oxygen", "")
    lines, faults = read(content(GOOD, other, GOOD))
    assert [line.line for line in lines] == [2]
    assert [(fault.line, fault.field) for fault in faults] == [(3, "sex_policy"), (3, "attributes"), (4, "bed")]


@pytest.mark.parametrize("nothing", [b"", b"\xff\xfe", b"a,b\n1,2", b'campus,"ward\x00', b'"'])
def test_what_is_no_bed_file_says_so(nothing):
    with pytest.raises(NoTable) as refused:
        read(nothing)
    assert all(fault.line == 1 and fault.remedy for fault in refused.value.faults)
