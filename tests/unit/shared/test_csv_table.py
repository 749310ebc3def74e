"""Tables that people send, as sentences."""

import pytest

from shared.csv_table import NoTable, rows

PARSERS = {"code": str, "name": str}


def read(content):
    return [row.parsed(PARSERS) for row in rows(content, PARSERS)]


def test_a_cell_that_cannot_be_stored_is_told_by_line_and_column_and_its_neighbours_are_read():
    (_, faults), (values, none) = read("code,name\na,x\0y\nb,好\n".encode())
    assert [(fault.line, fault.field, fault.reason) for fault in faults] == [(2, "name", "cannot be kept")]
    assert (values, none) == ({"code": "b", "name": "好"}, [])


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_a_file_in_another_encoding_is_refused_as_a_whole_with_the_remedy(encoding):
    with pytest.raises(NoTable) as refused:
        read("code,name\na,胸部\n".encode(encoding))
    assert refused.value.faults[0].remedy == "save the file as CSV in UTF-8"


def test_a_file_marked_as_utf_8_is_read():
    assert read("code,name\na,胸部\n".encode("utf-8-sig")) == [({"code": "a", "name": "胸部"}, [])]
