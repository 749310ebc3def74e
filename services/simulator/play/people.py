"""Registering the recorded patients, insuring them at the centre, and noting their deaths.

Invented people only: a recording of real ones must not be played. Their names go to the register and nowhere else.
"""

from datetime import UTC, datetime, time

from services.simulator.catalogue.model import Cover
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Patient
from services.simulator.reading.timing import hospital_day

FRONT_DESK = "front-desk"


class People:
    """What happens to patients as persons."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._insured: dict[str, object] = {}

    async def register(self, patient: Patient, cover: Cover) -> None:
        """The patient comes into the register on their first day."""
        await self._suite.command(
            "registration",
            "/patients",
            {
                "patient_id": str(patient.patient_id),
                "name": f"{patient.given_name} {patient.family_name}",
                "sex": patient.sex,
                "born_on": patient.born_on.isoformat(),
                "insutype": cover.insutype,
                "low_income": cover.low_income,
            },
            role=FRONT_DESK,
            wish=f"register {patient.patient_id}",
        )

    async def insure(self, patient: Patient, cover: Cover, at: datetime) -> None:
        """Tell the centre how the patient is insured on the day of `at`, where that has changed.

        The account is opened once, with the balance of the cover; later calls leave it as it is.
        """
        person = {
            "insutype": cover.insutype,
            "retired": cover.is_retired(hospital_day(at)),
            "low_income": cover.low_income,
            "account_balance_fen": cover.account_balance_fen,
        }
        name = str(patient.patient_id)
        if self._insured.get(name) == person:
            return
        wish = f"insure {name} {person['retired']}"
        path = f"/persons/{name}"
        await self._suite.command("simulator", path, person, role="operator", wish=wish, method="PUT")
        self._insured[name] = person

    async def die(self, patient: Patient, at: datetime) -> None:
        """The death is noted at its instant."""
        await self._suite.command(
            "registration",
            f"/patients/{patient.patient_id}/death",
            {"deceased_at": at.isoformat()},
            role=FRONT_DESK,
            wish=f"death {patient.patient_id}",
        )


def first_day(patient: Patient) -> datetime:
    """The first instant of the patient's life, as far as a day says it."""
    return datetime.combine(patient.born_on, time.min, UTC)
