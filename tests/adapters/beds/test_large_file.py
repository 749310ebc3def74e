"""A bed file may be larger than what other routes take at once, and has an end too."""

import pytest

from services.beds.inventory.api import LARGEST_FILE_BYTES
from shared.http import LARGEST_BODY_BYTES
from tests.adapters.beds.wards import import_beds


@pytest.mark.parametrize(("size", "status"), [(2 * LARGEST_BODY_BYTES, 422), (LARGEST_FILE_BYTES + 1, 413)])
async def test_a_file_of_beds_is_bounded_by_its_own_measure(empty, size, status):
    assert (await import_beds(empty, [], header="x" * size)).status_code == status
