"""The HTTP side of the guide: parse, authorise, ask, answer. No rule lives here; what is asked stands in no address."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.registration.guide import handlers
from services.registration.guide.handlers import Guided
from services.registration.guide.model import Case, Level, Suggestion
from services.registration.patients.model import Sex
from services.registration.schedules.model import Clinic
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner

router = APIRouter(prefix="/guide", tags=["guide"], responses=REFUSALS)

ASKERS = may(Role.PATIENT_APP, Role.FRONT_DESK, Role.CLINICIAN, Role.VIEWER)
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
LOOK_AHEAD_DAYS = 7
LevelName = Literal["community", "hospital", "emergency"]


class SymptomView(BaseModel):
    """A symptom that can be chosen."""

    code: str
    name_zh: str
    name_en: str


class SymptomList(BaseModel):
    """What the guide understands."""

    version: str = Field(description="of the rules")
    symptoms: list[SymptomView]


class CaseBody(BaseModel, extra="forbid"):
    """What somebody has. No name, no id: nothing is kept."""

    symptoms: frozenset[Code] = Field(min_length=1, max_length=30, description="codes of GET /guide/symptoms")
    age_months: int = Field(ge=0, le=1800)
    sex: Sex
    pregnant: bool = False
    hours: int = Field(ge=0, le=1_000_000, description="since when, for what has lasted longest")

    @model_validator(mode="after")
    def _pregnant_woman(self) -> "CaseBody":
        if self.pregnant and self.sex is Sex.MALE:
            raise ValueError("says that a man is pregnant: leave pregnant out, or send the other sex")
        return self


class RedFlagView(BaseModel):
    """Why it is an emergency."""

    rule: str
    why_zh: str
    why_en: str
    source: str


class ClinicLink(BaseModel):
    """A clinic, and where its next free slots are."""

    clinic_id: str
    campus_id: str
    name_zh: str | None
    name_en: str | None
    slots: str = Field(description="address of its free slots of the next 7 days, in this service")


class SuggestionView(BaseModel):
    """A specialty, the lowest level that is safe, and this hospital's clinics; none where it has none."""

    specialty: str
    level: LevelName
    clinics: list[ClinicLink]


class AdviceView(BaseModel):
    """What to do. With red flags there is nothing else in it."""

    level: LevelName
    advice_zh: str
    advice_en: str
    red_flags: list[RedFlagView]
    suggestions: list[SuggestionView] = Field(description="the best first")
    rules: list[str] = Field(description="ids of the rules behind it; none where no rule fired")
    version: str = Field(description="of the rules")


@router.get("/symptoms", dependencies=[ASKERS])
async def symptoms() -> SymptomList:
    """What can be chosen."""
    book = handlers.book()
    views = [SymptomView(code=code, name_zh=words.zh, name_en=words.en) for code, words in book.symptoms.items()]
    return SymptomList(version=book.version, symptoms=views)


@router.post("/advice", dependencies=[ASKERS])
async def advise(body: CaseBody, queries: QueryRunner) -> AdviceView:
    """Which clinic to go to, or to the emergency department. A question, not a command: it needs no key."""
    case = Case(**dict(body))
    if unknown := handlers.unknown_symptoms(case):
        raise RequestValidationError([_unknown(len(unknown))])
    guided: Guided = await queries.run(handlers.advise, case)
    advice, words = guided.advice, handlers.book().advice[guided.advice.level]
    now = queries.database.clock.now()
    ways = zip(advice.suggestions, guided.clinics, strict=True)
    return AdviceView(
        level=_name(advice.level),
        advice_zh=words.zh,
        advice_en=words.en,
        red_flags=[
            RedFlagView(rule=rule.rule_id, why_zh=rule.red_flag.zh, why_en=rule.red_flag.en, source=rule.source)
            for rule in advice.red_flags
            if rule.red_flag
        ],
        suggestions=[_way(way, clinics, now) for way, clinics in ways],
        rules=list(advice.fired),
        version=advice.version,
    )


def _way(way: Suggestion, clinics: tuple[Clinic, ...], now: datetime) -> SuggestionView:
    links = [
        ClinicLink(
            clinic_id=clinic.clinic_id,
            campus_id=clinic.campus_id,
            name_zh=clinic.name_zh,
            name_en=clinic.name_en,
            slots=_slots(clinic.clinic_id, now),
        )
        for clinic in clinics
    ]
    return SuggestionView(specialty=way.specialty, level=_name(way.level), clinics=links)


def _slots(clinic_id: str, now: datetime) -> str:
    span = {"from_at": now.isoformat(), "to_at": (now + timedelta(days=LOOK_AHEAD_DAYS)).isoformat()}
    return f"/slots?{urlencode({'clinic_id': clinic_id, **span})}"


def _name(level: Level) -> LevelName:
    names: dict[Level, LevelName] = {
        Level.COMMUNITY: "community",
        Level.HOSPITAL: "hospital",
        Level.EMERGENCY: "emergency",
    }
    return names[level]


def _unknown(count: int) -> dict[str, Any]:
    error = ValueError(f"holds {count} unknown codes: send codes of GET /guide/symptoms")
    return {
        "type": "value_error",
        "loc": ("body", "symptoms"),
        "msg": "unknown",
        "input": None,
        "ctx": {"error": error},
    }
