"""What can be asked of the guide: one function a use case. Nothing is written."""

from dataclasses import dataclass

from services.registration.guide import model
from services.registration.guide.model import Advice, Case, RuleBook
from services.registration.guide.rulebook import rule_book
from services.registration.schedules import handlers as schedules
from services.registration.schedules.model import Clinic
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Guided:
    """The advice, and the clinics that there are of each suggested specialty, in the same order."""

    advice: Advice
    clinics: tuple[tuple[Clinic, ...], ...]


def book() -> RuleBook:
    """What the guide knows."""
    return rule_book()


def unknown_symptoms(case: Case) -> list[str]:
    """Codes that the guide does not know: it must not advise on what it does not understand."""
    return sorted(case.symptoms - rule_book().symptoms.keys())


async def advise(case: Case, work: Work) -> Guided:
    """What the rules say to a case, with clinics of this hospital. Every symptom is known."""
    advice = model.advise(case, rule_book())
    present = await schedules.clinics(None, work) if advice.suggestions else []
    clinics = tuple(tuple(one for one in present if one.specialty == way.specialty) for way in advice.suggestions)
    return Guided(advice=advice, clinics=clinics)
