"""Records the example journeys in `docs/journeys`, each from a real run of the whole suite.

`.venv/bin/python -m tests.support.record_journeys [NAME …]` (a minute each, on Apache Kafka). What belongs to the
journey's patients is played into a lane, and the lane is recorded: the tool makes its own examples.
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from services.simulator.hospital import files as hospital_files
from services.simulator.play.opening import Premises, open_hospital
from services.simulator.play.quiet import Quiet
from services.simulator.play.suite import Suite
from shared.lanes import NO_LANE, Lane
from shared.replay.pace import Pace
from shared.replay.plan import Wishes, plan
from shared.replay.player import play
from shared.replay.recorder import record
from tests.journey.test_one_patient import PATIENT, RECORDING
from tests.support.replaying import EVENT_TOPICS, JOURNEYS, silently
from tests.support.stack import RunningStack, running_stack

WARD_NURSE, COORDINATOR, CLINICIAN = "ward-nurse", "coordinator", "clinician"
WOMAN, MAN = UUID("00000000-0000-4000-8000-000000000002"), UUID("00000000-0000-4000-8000-000000000003")
MORNING = datetime(2025, 3, 20, 8, tzinfo=UTC)
OTHER_WARD_S_BED = "main/M-OR/01/1"
REASON = "cardiology has no nurse for another patient tonight"


@dataclass(frozen=True)
class Journey:
    """What happens, and to whom."""

    act: Callable[[RunningStack], None]
    patients: tuple[UUID, ...]


def booking_to_follow_up(stack: RunningStack) -> None:
    """A patient is booked, admitted, settled, and followed up with another visit."""
    stack.play(RECORDING)


def settlement_with_timeout(stack: RunningStack) -> None:
    """The insurance centre settles and its answer is lost; discharge asks what became of it."""
    fault = {"infno": "2304", "kind": "timeout-after"}
    stack.with_suite(lambda suite, _: suite.command("simulator", "/faults", fault, role="operator", wish="fault"))
    stack.play(RECORDING)


def bed_round_with_override(stack: RunningStack) -> None:
    """A round finds beds for two; for the second the coordinator chooses another ward's, against the rules."""
    stack.clock.advance_to(MORNING)
    stack.with_suite(_bed_round)


async def _bed_round(suite: Suite, quiet: Quiet) -> None:
    await open_hospital(suite, Premises.read(hospital_files.load().clinics))
    for patient, sex in ((WOMAN, "F"), (MAN, "M")):
        await _request(suite, patient, sex)
    await quiet.wait()
    await suite.command("beds", f"/requests/{WOMAN}/acceptance", role=COORDINATOR, wish="accept")
    chosen = {"request_id": str(MAN), "bed_id": OTHER_WARD_S_BED, "override_reason": REASON}
    await suite.command("beds", "/stays", chosen, role=COORDINATOR, wish="override")
    for patient in (WOMAN, MAN):
        arrival = {"open_items_reason": "ward-decision"}
        await suite.command("beds", f"/stays/{patient}/admission", arrival, role=WARD_NURSE, wish=f"admit {patient}")
    await quiet.wait()


async def _request(suite: Suite, patient: UUID, sex: str) -> None:
    """Register a patient and ask for a bed; the request's id is the patient's."""
    person = {
        "patient_id": str(patient),
        "name": "Testperson 测试",
        "sex": sex,
        "born_on": "1970-05-04",
        "insutype": "310",
        "low_income": False,
    }
    await suite.command("registration", "/patients", person, role="front-desk", wish=f"register {patient}")
    request = {
        "request_id": str(patient),
        "patient_id": str(patient),
        "source": "clinic",
        "specialty": "cardiology",
        "campus_id": "main",
        "admission_class": "A",
        "department_cmi": 1.0,
        "expected_days": 4,
        "encounters": [{"encounter_id": str(patient), "encounter_class": "inpatient"}],
    }
    await suite.command("registration", "/admission-requests", request, role=CLINICIAN, wish=f"request {patient}")


NAMED = {
    "booking-to-follow-up": Journey(booking_to_follow_up, (PATIENT.patient_id,)),
    "bed-round-with-override": Journey(bed_round_with_override, (WOMAN, MAN)),
    "settlement-with-timeout": Journey(settlement_with_timeout, (PATIENT.patient_id,)),
}


async def _keep(bootstrap: str, name: str, patients: tuple[UUID, ...], folder: Path) -> Path:
    """What belongs to these patients, as a recording of its own."""
    topics = [topic.name for topic in EVENT_TOPICS]
    everything, lane, kept = folder / "everything", Lane("example"), JOURNEYS / f"{name}.zst"
    await record(bootstrap, topics, NO_LANE, everything, silently)
    wishes = Wishes(
        path=everything, bootstrap=bootstrap, run="keep", runs=folder, lane=lane, patients=tuple(map(str, patients))
    )
    await play(plan(wishes), Pace(None), silently)
    kept.unlink(missing_ok=True)
    await record(bootstrap, topics, lane, kept, silently)
    return kept


def main(names: list[str]) -> None:
    """Run the journeys of these names, or all."""
    for name in names or NAMED:
        with TemporaryDirectory() as folder, running_stack() as stack:
            NAMED[name].act(stack)
            kept = asyncio.run(_keep(stack.record.kafka, name, NAMED[name].patients, Path(folder)))
        sys.stdout.write(f"{kept}: {kept.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
