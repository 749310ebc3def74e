"""Writing an import: wards, rooms and beds in three statements, whatever their number.

Invariant: what is there keeps its number, and a bed its state; only traits are written over.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from services.beds.inventory.model import BedLine
from services.beds.scoring.model import BedStatus
from shared.work import Work

ONE_IMPORT_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('inventory import'))"
WRITE_WARDS = """
INSERT INTO ward (ward_id, campus_id, building, auto_accept)
SELECT ward_id, campus_id, building, false
FROM unnest($1::text[], $2::text[], $3::text[]) AS given (ward_id, campus_id, building)
ON CONFLICT (ward_id) DO UPDATE SET building = excluded.building
WHERE excluded.building IS NOT NULL AND ward.building IS DISTINCT FROM excluded.building
"""
WRITE_ROOMS = """
INSERT INTO room (room_id, ward_id, sex_policy, age_group, isolation, attributes)
SELECT room_id, ward_id, sex_policy, age_group, isolation, string_to_array(attributes, ';')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS given (room_id, ward_id, sex_policy, age_group, isolation, attributes)
ON CONFLICT (room_id) DO UPDATE SET (sex_policy, age_group, isolation, attributes)
    = (excluded.sex_policy, excluded.age_group, excluded.isolation, excluded.attributes)
WHERE (room.sex_policy, room.age_group, room.isolation, room.attributes)
    IS DISTINCT FROM (excluded.sex_policy, excluded.age_group, excluded.isolation, excluded.attributes)
"""
WRITE_BEDS = """
INSERT INTO bed (bed_id, room_id, specialty, overflow, stay_from_days, stay_to_days, status, reserved, changed_at,
    version)
SELECT bed_id, room_id, specialty, string_to_array(overflow, ';'), stay_from_days, stay_to_days, status, false, $8, 1
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[])
    AS given (bed_id, room_id, specialty, overflow, stay_from_days, stay_to_days, status)
ON CONFLICT (bed_id) DO UPDATE SET (specialty, overflow, stay_from_days, stay_to_days)
    = (excluded.specialty, excluded.overflow, excluded.stay_from_days, excluded.stay_to_days)
WHERE (bed.specialty, bed.overflow, bed.stay_from_days, bed.stay_to_days)
    IS DISTINCT FROM (excluded.specialty, excluded.overflow, excluded.stay_from_days, excluded.stay_to_days)
"""


async def wait_for_turn(work: Work) -> None:
    """Let an import that is under way end first."""
    await (await work.sql()).execute(ONE_IMPORT_AT_A_TIME)


async def write(work: Work, lines: Sequence[BedLine]) -> None:
    """Write these lines' wards, rooms and beds."""
    connection = await work.sql()
    wards = {line.room.ward_id: (line.campus_id, line.building) for line in lines}
    rooms = {line.room.room_id: line.room for line in lines}
    campuses, buildings = ([ward[place] for ward in wards.values()] for place in (0, 1))
    await connection.execute(WRITE_WARDS, list(wards), campuses, buildings)
    await connection.execute(
        WRITE_ROOMS,
        list(rooms),
        [room.ward_id for room in rooms.values()],
        [room.sex_policy.value for room in rooms.values()],
        [room.age_group.value for room in rooms.values()],
        [room.isolation.value for room in rooms.values()],
        [joined(sorted(room.attributes)) for room in rooms.values()],
    )
    await connection.execute(WRITE_BEDS, *_bed_columns(lines), work.now)


def _bed_columns(lines: Sequence[BedLine]) -> list[list[Any]]:
    bands = [line.stay_band or (None, None) for line in lines]
    return [
        [line.bed_id for line in lines],
        [line.room.room_id for line in lines],
        [line.specialty for line in lines],
        [joined(line.overflow) for line in lines],
        [first for first, _ in bands],
        [last for _, last in bands],
        [status_of(line) for line in lines],
    ]


def status_of(line: BedLine) -> str:
    """How a new bed stands. A known one keeps its status, so O and R (which the database would refuse) never count."""
    return BedStatus.UNOCCUPIED.value if line.status is BedStatus.RESERVED else line.status.value


def joined(codes: Iterable[str]) -> str:
    """Codes as one cell: unnest cannot hold lists of different lengths."""
    return ";".join(codes)
