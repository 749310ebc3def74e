"""Dated versions: which counts when, and that every shipped file is one."""

from dataclasses import dataclass
from datetime import date

import pytest

from services.beds.emergency import policy as emergency
from services.beds.preparation import items as preparation
from services.followup.callbacks import policy as callbacks
from shared.dated import in_force


@dataclass(frozen=True)
class Version:
    """A version of something."""

    version: str
    valid_from: date


VERSIONS = {one.version: one for one in (Version("2", date(2026, 4, 1)), Version("1", date(2026, 1, 1)))}


@pytest.mark.parametrize(("day", "version"), [((2026, 1, 1), "1"), ((2026, 3, 31), "1"), ((2026, 4, 1), "2")])
def test_the_latest_version_that_is_valid_counts(day, version):
    assert in_force(VERSIONS, date(*day)).version == version


def test_before_the_first_version_nothing_counts():
    with pytest.raises(ValueError, match="empty"):
        in_force(VERSIONS, date(2025, 12, 31))


@pytest.mark.parametrize("kind", [callbacks, preparation, emergency])
def test_every_shipped_version_is_found_by_its_name_and_its_day(kind):
    for name, version in kind.shipped().items():
        assert (version.version, kind.on(version.valid_from).valid_from) == (name, version.valid_from)
