"""A table of requests read: who waits, and how each fault is named."""

import pytest

from services.beds.allocation.request_file import read
from services.beds.scoring.model import AdmissionClass, Isolation, Sex
from services.beds.scoring.table_file import NoTable

HEADER = (
    "id,specialty,campus,reachable_campuses,sex,age,triage,class,waited_hours,rw,level4,department_cmi,social_points,"
    "needs,isolation,expected_days,immediate"
)
GOOD = "R-1,cardiology,east,west;north,F,71.5,2,emergency,1.5,2.10,1,1.15,0.5,oxygen;telemetry,droplet,6,1"


def content(*lines, header=HEADER):
    """A file with these lines."""
    return "\n".join([header, *lines]).encode()


def test_a_good_line_is_a_patient_who_waits():
    [one], rejected = read(content(GOOD))
    assert rejected == []
    assert (one.request_id, one.specialty, one.campus, one.reachable) == (
        *("R-1", "cardiology", "east"),
        frozenset({"west", "north"}),
    )
    assert (one.sex, one.age_years, one.triage, one.admission_class) == (Sex.FEMALE, 71.5, 2, AdmissionClass.EMERGENCY)
    assert (one.waited_hours, one.rw, one.level4, one.department_cmi) == (1.5, 2.1, True, 1.15)
    assert (one.social_points, one.needs, one.isolation) == (0.5, {"oxygen", "telemetry"}, Isolation.DROPLET)
    assert (one.expected_days, one.immediate) == (6, True)


def test_empty_means_unknown_where_the_format_says_so_and_a_column_that_may_be_missing_may_be_missing():
    line = "R-1,心内科,东院,,M,40,,A,0,,0,1,0,,none,3"
    [one], rejected = read(content(line, header=HEADER.removesuffix(",immediate")))
    assert (rejected, one.triage, one.rw, one.immediate, one.reachable) == ([], None, None, False, frozenset())
    assert one.specialty == "心内科"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("R-1", "", "id"),
        ("cardiology", "", "specialty"),
        ("east", "", "campus"),
        ("west;", "we/st;", "reachable_campuses"),
        (",F,", ",X,", "sex"),
        ("71.5", "-1", "age"),
        ("71.5", "old", "age"),
        (",2,emergency", ",5,emergency", "triage"),
        (",2,emergency", ",,emergency", "triage"),
        ("emergency", "D", "class"),
        ("1.5,2.10", "nan,2.10", "waited_hours"),
        ("2.10", "1e400", "rw"),
        (",1,1.15", ",yes,1.15", "level4"),
        ("1.15", "", "department_cmi"),
        (",0.5,", ",1.5,", "social_points"),
        ("oxygen;", "oxy gen;", "needs"),
        ("droplet", "some", "isolation"),
        (",6,1", ",,1", "expected_days"),
        (",6,1", ",6,2", "immediate"),
        (",6,1", ",6,1,more", "line"),
    ],
)
def test_a_fault_is_named_by_line_and_field_with_a_remedy(old, new, field):
    assert old in GOOD
    waiting, [fault] = read(content("", GOOD.replace(old, new, 1)))
    assert (waiting, fault.line, fault.field) == ([], 3, field)
    assert fault.reason
    assert fault.remedy


def test_of_two_lines_with_one_id_the_first_counts():
    waiting, [fault] = read(content(GOOD, GOOD.replace("east", "west")))
    assert [one.campus for one in waiting] == ["east"]
    assert (fault.line, fault.field) == (3, "id")
    assert "line 2" in fault.reason


def test_a_missing_column_is_named():
    with pytest.raises(NoTable) as refused:
        read(content(header=HEADER.replace(",triage", "")))
    assert [fault.field for fault in refused.value.faults] == ["triage"]
