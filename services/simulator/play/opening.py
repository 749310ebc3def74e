"""Opening the sample hospital: its beds and its clinics, told to the services as an administrator would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.simulator.hospital.files import HERE, NAMES_FILE
from services.simulator.hospital.model import Clinic
from services.simulator.play.suite import Suite

BEDS_FILE = HERE / "beds.csv"
COORDINATOR = "coordinator"
PLANNER = "back-office"


class BadBeds(RuntimeError):
    """A row of the sample hospital's beds was refused; names line, field and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What the hospital has: its beds as a CSV, its clinics, and their names by id and language."""

    beds: str
    clinics: tuple[Clinic, ...]
    names: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, clinics: tuple[Clinic, ...]) -> "Premises":
        """The sample hospital's files."""
        names = json.loads(NAMES_FILE.read_text("utf-8"))["clinics"]
        return cls(beds=BEDS_FILE.read_text("utf-8"), clinics=clinics, names=names)


async def open_hospital(suite: Suite, premises: Premises) -> int:
    """Import the beds and write the clinics; how many beds there are. Raises `BadBeds`."""
    outcome = await suite.upload("beds", "/beds/import", premises.beds, role=COORDINATOR, wish="beds")
    if rejected := outcome["rejected_rows"]:
        first = rejected[0]
        raise BadBeds(f"{BEDS_FILE.name} line {first['line']}, {first['field']}: {first['reason']}")
    for clinic in premises.clinics:
        path, wish = f"/clinics/{clinic.clinic_id}", f"clinic {clinic.clinic_id}"
        body = _clinic(clinic, premises.names[clinic.clinic_id])
        await suite.command("registration", path, body, role=PLANNER, wish=wish, method="PUT")
    imported: int = outcome["imported"]
    return imported


def _clinic(clinic: Clinic, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "campus_id": clinic.campus,
        "specialty": clinic.specialty,
        "zone": "UTC",
        "name_zh": names["zh"],
        "name_en": names["en"],
        "template": [
            {
                "weekday": hours.weekday,
                "from": clock_time(hours.opens),
                "to": clock_time(hours.closes),
                "slot_minutes": clinic.slot_minutes,
                "capacity": clinic.capacity_per_slot,
            }
            for hours in clinic.week
        ],
    }


def clock_time(since_midnight: timedelta) -> str:
    """A time of day as HH:MM, 24:00 included."""
    minutes = since_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
