"""The rule book, read from `rules.json` and checked before anybody is advised by it."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from services.registration.guide.model import Level, Rule, RuleBook, Suggestion, When, Words, problems

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class WordsInFile(BaseModel, extra="forbid"):
    """The same in both languages."""

    zh: Name
    en: Name


class WhenInFile(BaseModel, extra="forbid"):
    """What a case must be like."""

    all: frozenset[Code] = frozenset()
    any: frozenset[Code] = frozenset()
    none: frozenset[Code] = frozenset()
    age_months: tuple[int, int] | None = None
    hours: tuple[int, int] | None = None
    sex: Literal["F", "M"] | None = None
    pregnant: bool | None = None


class SuggestionInFile(BaseModel, extra="forbid"):
    """A specialty and a level."""

    specialty: Code
    level: Literal["community", "hospital"]

    def suggestion(self) -> Suggestion:
        """As the rules have it."""
        return Suggestion(specialty=self.specialty, level=Level[self.level.upper()])


class RuleInFile(BaseModel, extra="forbid"):
    """A rule."""

    id: Code
    when: WhenInFile
    red_flag: WordsInFile | None = None
    suggest: SuggestionInFile | None = None
    source: Name

    def rule(self) -> Rule:
        """As the rules have it."""
        return Rule(
            rule_id=self.id,
            when=When(**dict(self.when)),
            red_flag=Words(**dict(self.red_flag)) if self.red_flag else None,
            suggest=self.suggest.suggestion() if self.suggest else None,
            source=self.source,
        )


class SymptomInFile(BaseModel, extra="forbid"):
    """A symptom that can be chosen."""

    code: Code
    name_zh: Name
    name_en: Name


class BookInFile(BaseModel, extra="forbid"):
    """The file."""

    version: Name
    specialties: frozenset[Code]
    otherwise: SuggestionInFile
    advice: dict[Literal["community", "hospital", "emergency"], WordsInFile] = Field(min_length=3)
    symptoms: list[SymptomInFile] = Field(min_length=1)
    rules: list[RuleInFile] = Field(min_length=1)


def parse(text: str) -> RuleBook:
    """The rule book of a file. Raises `ValueError` with everything that is wrong, rule by rule."""
    told = BookInFile.model_validate_json(text)
    wrong = [
        f"{rule.id}: is a red flag or a suggestion" for rule in told.rules if bool(rule.red_flag) == bool(rule.suggest)
    ]
    book = RuleBook(
        version=told.version,
        symptoms={one.code: Words(zh=one.name_zh, en=one.name_en) for one in told.symptoms},
        specialties=told.specialties,
        otherwise=told.otherwise.suggestion(),
        advice={Level[name.upper()]: Words(**dict(words)) for name, words in told.advice.items()},
        rules=tuple(rule.rule() for rule in told.rules),
    )
    if wrong := wrong + problems(book):
        raise ValueError(f"{len(wrong)} faults in the rules: " + "; ".join(wrong))
    return book


@cache
def rule_book() -> RuleBook:
    """The rule book that comes with the code."""
    return parse(files("services.registration.guide").joinpath("rules.json").read_text(encoding="utf-8"))
