"""The policy and the texts of reminders, read from `policy.json` and checked."""

from collections.abc import Mapping
from datetime import time, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.registration.reminders.message import Preparation, Text, Texts
from services.registration.reminders.model import OF_APPOINTMENTS, OF_EXAMS, Notice
from services.registration.reminders.timing import Policy, Quiet, Rung, in_order

Language = Literal["zh", "en"]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class RungInFile(BaseModel, extra="forbid"):
    """How long before."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,10}$")]
    days: int = Field(0, ge=0, le=60)
    hours: int = Field(0, ge=0, le=48)


class QuietInFile(BaseModel, extra="forbid"):
    """When nobody is written to."""

    from_: time = Field(alias="from")
    to: time


class TextInFile(BaseModel, extra="forbid"):
    """A message; its places are filled in."""

    subject: Words
    body: Words

    @model_validator(mode="after")
    def _places(self) -> Self:
        self.body.format(day="", time="", place="", preparation="", was="")
        return self


class PreparationInFile(BaseModel, extra="forbid"):
    """What to do before a visit of that kind, or of that specialty."""

    visit_type: str | None = None
    specialty: str | None = None
    zh: Words
    en: Words


NoticesInFile = dict[Notice, Annotated[dict[Language, TextInFile], Field(min_length=2)]]


class PolicyInFile(BaseModel, extra="forbid"):
    """The file."""

    version: str
    source: str
    rungs: list[RungInFile] = Field(min_length=1)
    quiet: QuietInFile
    spare_minutes: int = Field(ge=0, le=600)
    retry_minutes: list[Annotated[int, Field(ge=1, le=1440)]] = Field(max_length=10)
    texts: dict[Language, TextInFile] = Field(min_length=2)
    exams: dict[Language, TextInFile] = Field(min_length=2)
    notices: NoticesInFile
    exam_notices: NoticesInFile
    preparations: list[PreparationInFile]

    @model_validator(mode="after")
    def _nearer_and_nearer(self) -> Self:
        if not in_order([Rung(**dict(rung)) for rung in self.rungs]):
            raise ValueError("each rung is nearer to the visit than the one before, and the last is before it")
        return self

    @model_validator(mode="after")
    def _a_text_a_notice(self) -> Self:
        if self.notices.keys() != OF_APPOINTMENTS or self.exam_notices.keys() != OF_EXAMS:
            raise ValueError("notices has moved, displaced, cancelled, called-off; exam_notices all but displaced")
        return self


def parse(text: str) -> tuple[Policy, Texts]:
    """Policy and texts of a file. Raises `ValueError` that names what is wrong."""
    told = PolicyInFile.model_validate_json(text)
    policy = Policy(
        version=told.version,
        rungs=tuple(Rung(**dict(rung)) for rung in told.rungs),
        quiet=Quiet(begin=told.quiet.from_, end=told.quiet.to),
        spare=timedelta(minutes=told.spare_minutes),
        retries=tuple(timedelta(minutes=minutes) for minutes in told.retry_minutes),
    )
    texts = Texts(
        texts=_texts(told.texts),
        exams=_texts(told.exams),
        notices={notice: _texts(texts) for notice, texts in told.notices.items()},
        exam_notices={notice: _texts(texts) for notice, texts in told.exam_notices.items()},
        preparations=tuple(
            Preparation(visit_type=one.visit_type, specialty=one.specialty, words={"zh": one.zh, "en": one.en})
            for one in told.preparations
        ),
    )
    return policy, texts


def _texts(told: Mapping[Language, TextInFile]) -> dict[str, Text]:
    return {language: Text(subject=one.subject, body=one.body) for language, one in told.items()}


@cache
def shipped() -> tuple[Policy, Texts]:
    """Policy and texts that come with the code."""
    return parse(files("services.registration.reminders").joinpath("policy.json").read_text(encoding="utf-8"))
