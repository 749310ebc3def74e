"""What can be asked of applications: one function a use case. The edge commits.

A decision and the place that follows from it are one transaction; who waits gets a place when a session opens.
"""

from datetime import timedelta
from uuid import UUID

from services.registration.applications import model, policy, store
from services.registration.applications.model import (
    Accept,
    Application,
    Decline,
    Need,
    Redirect,
    Submit,
    Wanted,
)
from services.registration.booking import handlers as booking
from services.registration.booking.model import Appointment
from services.registration.materials import handlers as materials
from services.registration.materials.model import Material
from services.registration.materials.reading import Clinician
from services.registration.patients import handlers as patients
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Access
from shared.decision import Refused
from shared.messages.registration.booking import AppointmentCancelled
from shared.messages.registration.patients import PatientDeceased
from shared.messages.registration.schedules import PlacesAdded, SessionOpened
from shared.work import Work

WithMaterials = tuple[Application, list[Material]]


async def submit(command: Submit, work: Work) -> Application | Refused:
    """Apply for a place. `Missing` without the patient or the clinic."""
    patient = await patients.living_patient(command.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    await schedules.clinic(command.clinic_id, work)
    application, event = model.submit(command, _within(command.need, work), work.now)
    if reason := await store.add(work, application):
        return model.no(reason)
    work.publish(event)
    return application


async def accept(command: Accept, work: Work) -> Application | Refused:
    """See the patient: in the earliest place that is kept for applicants, or once a session has one."""
    present = await _addressed_to(command.by, command.application_id, work)
    if isinstance(present, Refused):
        return present
    patient = await patients.living_patient(present.patient_id, work)
    if isinstance(patient, Refused):
        return patient
    decision = model.accept(present, command, work.now)
    if isinstance(decision, Refused):
        return decision
    placed = await _placed(decision, work)
    await store.save(work, placed)
    work.publish(model.accepted(placed))
    return placed


async def decline(command: Decline, work: Work) -> Application | Refused:
    """Do not see the patient, and say why."""
    present = await _addressed_to(command.by, command.application_id, work)
    if isinstance(present, Refused):
        return present
    return await _keep(model.decline(present, command, work.now), work)


async def redirect(command: Redirect, work: Work) -> Application | Refused:
    """Let another clinic look at it, with its materials. Returns the new application."""
    present = await _addressed_to(command.by, command.application_id, work)
    if isinstance(present, Refused):
        return present
    await schedules.clinic(command.clinic_id, work)
    decision = model.redirect(present, command, work.now)
    if isinstance(decision, Refused):
        return decision
    redirected, event, onward = decision
    await store.save(work, redirected)
    work.publish(event)
    within = _within(onward.need, work)
    new, submitted = model.submit(onward, within, work.now, redirected_from=redirected.application_id)
    if reason := await store.add(work, new):
        return model.no(reason)
    await materials.rehome(redirected.application_id, new.application_id, work)
    work.publish(submitted)
    return new


async def withdraw(application_id: UUID, work: Work) -> Application | Refused:
    """The patient does not want the place any more."""
    return await _keep(model.withdraw(await store.application(work, application_id, for_change=True)), work)


async def application(application_id: UUID, work: Work) -> WithMaterials:
    """One application and what was uploaded to it; `Missing` when there is none."""
    found = await store.application(work, application_id)
    return found, await materials.materials_of([application_id], work)


async def applications(wanted: Wanted, work: Work) -> list[WithMaterials]:
    """Those that are wanted, whichever is to be decided first first, each with what was uploaded to it."""
    found = await store.applications(work, wanted)
    uploaded = await materials.materials_of([one.application_id for one in found], work)
    return [(one, [of for of in uploaded if of.application_id == one.application_id]) for one in found]


async def on_places_opened(event: SessionOpened | PlacesAdded, work: Work) -> None:
    """Give new places for applicants to those who wait for the clinic, the most urgent first."""
    if event.access == Access.APPLICATION:
        await _serve_waiting(event.clinic_id, work)


async def on_appointment_cancelled(event: AppointmentCancelled, work: Work) -> None:
    """Give a place for applicants that has come back to who waits for it."""
    session = await schedules.session(event.session_id, work)
    if session.access is Access.APPLICATION:
        await _serve_waiting(session.clinic_id, work)


async def on_patient_deceased(event: PatientDeceased, work: Work) -> None:
    """Withdraw what the patient has open."""
    for one in await store.open_of(work, event.patient_id):
        await _keep(model.withdraw(one), work)


async def _serve_waiting(clinic_id: str, work: Work) -> None:
    """Book who waits for the clinic, the most urgent first, as long as there are places."""
    for waiting in await store.waiting_in(work, clinic_id):
        patient = await patients.living_patient(waiting.patient_id, work)
        if not isinstance(patient, Refused):
            await store.save(work, await _placed(waiting, work))


async def _addressed_to(clinician: Clinician, application_id: UUID, work: Work) -> Application | Refused:
    """The application, kept from others, for somebody of its clinic."""
    present = await store.application(work, application_id, for_change=True)
    return clinician.denied_in(present.clinic_id) or present


async def _placed(accepted: Application, work: Work) -> Application:
    """The application with its appointment, or as it is where no place is free."""
    slots = await schedules.free_slots(model.slots_for(accepted, work.now), work)
    if not slots:
        return accepted
    place = model.place_for(accepted, slots[0])
    appointment = await booking.book_first_free(place, slots, work, access=Access.APPLICATION)
    return model.booked(accepted, appointment) if isinstance(appointment, Appointment) else accepted


async def _keep(decision: model.Decided, work: Work) -> Application | Refused:
    if isinstance(decision, Refused):
        return decision
    decided, event = decision
    await store.save(work, decided)
    work.publish(event)
    return decided


def _within(need: Need, work: Work) -> timedelta:
    return policy.in_force(work.now.date()).within(need)
