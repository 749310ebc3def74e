"""What a material belongs to, as the rows of applications say it, and the only SQL about that.

Invariant: whoever uploads to an application keeps it as it is until they are done, so no redirection misses theirs.
"""

from uuid import UUID

from services.registration.materials.model import Applied
from shared.work import Missing, Work

APPLIED = """
SELECT state, redirected_to, appointment_id FROM application
WHERE application_id = $1 AND patient_id = $2 FOR SHARE
"""
BOOKED = "SELECT application_id FROM application WHERE appointment_id = $1"


async def applied(work: Work, application_id: UUID, patient_id: UUID) -> Applied:
    """The patient's application, or where it was sent on to, as it is until this work is done; `Missing` without it."""
    connection, latest = await work.sql(), application_id
    while True:
        row = await connection.fetchrow(APPLIED, latest, patient_id)
        if row is None:
            raise Missing("application", application_id)
        if row["redirected_to"] is None:
            return Applied(application_id=latest, state=row["state"], appointment_id=row["appointment_id"])
        latest = row["redirected_to"]


async def booked_into(work: Work, appointment_id: UUID) -> list[UUID]:
    """The applications that were booked into the appointment."""
    return [row["application_id"] for row in await (await work.sql()).fetch(BOOKED, appointment_id)]
