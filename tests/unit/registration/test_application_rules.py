"""The words of applications and materials are those of the card's diagrams and of the database; what is sniffed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.applications import model as applications
from services.registration.applications import policy
from services.registration.applications.store import ApplicationRow
from services.registration.materials import model
from services.registration.materials.sniffing import media_type
from services.registration.materials.store import MaterialRow
from shared.decision import Refused

CARD = Path(__file__).parents[3] / "services/registration/README.md"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ID = UUID("0192f0c1-7a10-7000-8000-000000000001")
PNG = b"\x89PNG\r\n\x1a\n"
DICOM = bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00"


def diagrams() -> list[set[str]]:
    """The states of each diagram of the card."""
    found = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", CARD.read_text(encoding="utf-8"), re.DOTALL)
    return [set(re.findall(r"\b([a-z]+)\b(?= -->|:|$)", re.sub(r": .*", ":", one), re.MULTILINE)) for one in found]


def material(size: int) -> model.Material:
    command = model.BeginMaterial(
        material_id=ID,
        patient_id=ID,
        appointment_id=ID,
        application_id=None,
        kind=model.Kind.IMAGING,
        size_bytes=size,
        sha256=None,
    )
    return model.begin(command, NOW)


@pytest.mark.parametrize(
    ("row", "check", "states"),
    [
        (ApplicationRow, "application_state", applications.State),
        (MaterialRow, "material_state", model.State),
    ],
)
def test_the_diagram_the_constraint_and_the_rules_have_the_same_states(row, check, states):
    words = set(states)
    assert words in diagrams()
    constraint = next(one for one in row.__table__.constraints if one.name == check)
    assert set(re.findall(r"'([a-z]+)'", str(constraint.sqltext))) == words


@given(st.lists(st.integers(1, 3 * model.PART_BYTES // 2), min_size=1, max_size=8), st.integers(-1, 1))
def test_parts_are_taken_only_one_behind_the_other_and_never_beyond_what_was_declared(sizes, off):
    one = material(sum(sizes))
    for size in sizes:
        received = one.received_bytes
        part = model.Part(material_id=ID, offset=received + off, content=bytes(size))
        taken = model.take(one, part, NOW)
        small = size < model.SMALLEST_PART_BYTES and received + size < one.size_bytes
        if off or small:
            assert isinstance(taken, Refused)
            return
        assert taken.received_bytes == received + size
        one = taken
    assert one.is_whole


def test_scans_wait_longer_each_time_and_come_to_an_end():
    one = model.complete(material(1), "0" * 64, NOW)
    waits = []
    while one.scan_due_at is not None:
        one = model.unscanned(model.scanning(one, NOW), NOW)
        waits.append(one.scan_due_at and one.scan_due_at - NOW)
    assert waits == [timedelta(minutes=2**n) for n in range(model.MOST_SCANS - 1)] + [None]
    assert one.scan_given_up


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.4\n", "application/pdf"),
        (PNG + bytes(20), "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        (DICOM + b"\x04\x00\x00\x00" + bytes(300), "application/dicom"),
        (DICOM + b"\xff\xff\x00\x00" + bytes(300), None),
        (DICOM, None),
        (bytes(128) + b"DICM" + bytes(300), None),
        (b"PK\x03\x04" + bytes(300), None),
        (b"<svg onload=alert(1)>", None),
        (b"GIF89a" + bytes(300), None),
        (b"", None),
    ],
)
def test_a_type_is_told_by_the_bytes_alone(head, kind):
    assert media_type(head, len(head)) == kind


@given(st.binary(max_size=400))
def test_whatever_comes_is_told_or_refused(head):
    assert media_type(head, len(head)) in {None, "application/pdf", "image/jpeg", "image/png", "application/dicom"}


def test_every_need_has_a_time_to_decide():
    assert set(policy.in_force(NOW.date()).decide_hours) == set(applications.Need)
