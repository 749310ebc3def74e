"""Opening the sample hospital: its beds and its clinics, told to the services as an administrator would."""

from collections.abc import Iterable
from pathlib import Path

from services.simulator.hospital.model import Clinic
from services.simulator.play.suite import Suite

COORDINATOR = "coordinator"
FRONT_DESK = "front-desk"


class BadBeds(RuntimeError):
    """A row of the sample hospital's beds was refused; names line, field and reason."""


async def open_hospital(suite: Suite, beds: Path, clinics: Iterable[Clinic]) -> int:
    """Import the beds and write the clinics; how many beds there are."""
    outcome = await suite.upload("beds", "/beds/import", beds.read_text("utf-8"), role=COORDINATOR, wish="beds")
    if rejected := outcome["rejected_rows"]:
        first = rejected[0]
        raise BadBeds(f"{beds.name} line {first['line']}, {first['field']}: {first['reason']}")
    for clinic in clinics:
        path = f"/clinics/{clinic.clinic_id}"
        await suite.command(
            "registration", path, _clinic(clinic), role=FRONT_DESK, wish=f"clinic {clinic.clinic_id}", method="PUT"
        )
    imported: int = outcome["imported"]
    return imported


def _clinic(clinic: Clinic) -> dict[str, object]:
    return {
        "campus_id": clinic.campus,
        "specialty": clinic.specialty,
        "template": [
            {
                "weekday": hours.weekday,
                "from": str(hours.opens),
                "to": str(hours.closes),
                "slot_minutes": clinic.slot_minutes,
                "capacity": clinic.capacity_per_slot,
            }
            for hours in clinic.week
        ],
    }
