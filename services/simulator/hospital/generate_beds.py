"""Writes `beds.csv`, the sample hospital's inventory, out of `wards.csv` and the overflow chains of `specialties.json`.

    python -m services.simulator.hospital.generate_beds

A ward's `rooms` are groups parted by blanks, each `COUNTxBEDS`, then `/isolation` and `+attribute` where the rooms have
them: `2x1/airborne+negative-pressure` is two single rooms. Rooms are numbered through the ward, beds through the room.

Invariant: the same two files give the same bytes.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.simulator.hospital.files import BEDS_FILE, WARDS_FILE, load
from services.simulator.hospital.model import Specialty

COLUMNS: Final = (
    *("campus", "ward", "specialty", "overflow", "room", "bed", "status", "sex_policy", "room_sex"),
    *("attributes", "age_group", "isolation", "stay_band"),
)
AS_THE_WARD: Final = ("campus", "ward", "specialty", "sex_policy", "age_group", "stay_band")
UNOCCUPIED: Final = "U"
DAY_SURGERY: Final = "day-surgery"
FIRST_ROOM: Final = 1
GROUP: Final = re.compile(r"(?P<rooms>\d+)x(?P<beds>\d+)(?:/(?P<isolation>[a-z]+))?(?P<more>(?:\+[a-z-]+)*)")


def generate() -> str:
    """The text of beds.csv."""
    specialties = load().specialties
    with WARDS_FILE.open(newline="", encoding="utf-8") as wards:
        beds = [
            bed
            for ward in csv.DictReader(wards)
            for bed in beds_of(ward, overflow=";".join(taken_by(ward["specialty"], specialties)))
        ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(beds)
    return text.getvalue()


def taken_by(home: str, specialties: Mapping[str, Specialty]) -> list[str]:
    """The other specialties that a ward of this one takes: those that chose it first come before those second."""
    if home == DAY_SURGERY:
        return [code for code, specialty in specialties.items() if specialty.day_surgery]
    choosing = [code for code, specialty in specialties.items() if home in specialty.overflow]
    return sorted(choosing, key=lambda code: specialties[code].overflow.index(home))


def beds_of(ward: Mapping[str, str], overflow: str) -> Iterator[dict[str, str]]:
    """The rows of one ward. Raises `ValueError` that names the ward and the group of rooms that cannot be read."""
    room = FIRST_ROOM
    for group in ward["rooms"].split():
        if (read := GROUP.fullmatch(group)) is None:
            raise ValueError(f"wards.csv: ward {ward['ward']}: rooms {group!r} is not COUNTxBEDS/isolation+attribute")
        attributes = [*filter(None, ward["attributes"].split(";")), *read["more"].split("+")[1:]]
        for _ in range(int(read["rooms"])):
            for bed in range(1, int(read["beds"]) + 1):
                yield {
                    **{name: ward[name] for name in AS_THE_WARD},
                    "overflow": overflow,
                    "room": f"{room:02}",
                    "bed": str(bed),
                    "status": UNOCCUPIED,
                    "room_sex": "",
                    "attributes": ";".join(attributes),
                    "isolation": read["isolation"] or "none",
                }
            room += 1


if __name__ == "__main__":
    BEDS_FILE.write_text(generate(), encoding="utf-8", newline="")
