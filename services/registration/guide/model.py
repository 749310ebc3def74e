"""The rules of the guide: which rules fire for what somebody has, and what follows.

Invariant: a red flag that fires wins over everything else, whatever the order of the rules; and the same case has the
same advice. Where nothing asks for more, the community's general practice is the first address.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Where to go, from the nearest door to the most urgent."""

    COMMUNITY = 1
    HOSPITAL = 2
    EMERGENCY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What somebody has. Nothing of it is kept."""

    symptoms: frozenset[str]
    age_months: int
    sex: str
    pregnant: bool
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a case must be like. Ranges hold their first value and not their last."""

    all: frozenset[str] = frozenset()
    any: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    age_months: tuple[int, int] | None = None
    hours: tuple[int, int] | None = None
    sex: str | None = None
    pregnant: bool | None = None

    def fits(self, case: Case) -> bool:
        """Whether the case is like that."""
        return (
            self.all <= case.symptoms
            and (not self.any or bool(self.any & case.symptoms))
            and not self.none & case.symptoms
            and _within(case.age_months, self.age_months)
            and _within(case.hours, self.hours)
            and self.sex in {None, case.sex}
            and self.pregnant in {None, case.pregnant}
        )

    def implies(self, other: "When") -> bool:
        """Whether every case that fits this one is sure to fit the other, as far as can be told."""
        return (
            other.all <= self.all
            and (not other.any or bool(other.any & self.all) or (bool(self.any) and self.any <= other.any))
            and other.none <= self.none
            and _inside(self.age_months, other.age_months)
            and _inside(self.hours, other.hours)
            and other.sex in {None, self.sex}
            and other.pregnant in {None, self.pregnant}
        )

    @property
    def demands(self) -> int:
        """How much it asks for: a rule that asks for more knows more."""
        ranges = (self.age_months, self.hours, self.sex, self.pregnant)
        return 2 * len(self.all) + bool(self.any) + bool(self.none) + sum(one is not None for one in ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The same in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A specialty, and the lowest level that is safe."""

    specialty: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A red flag with what it may be, or a suggestion: one of the two. `source` is where it comes from."""

    rule_id: str
    when: When
    red_flag: Words | None
    suggest: Suggestion | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules with the symptoms and specialties that they speak of; `otherwise` where no rule fires.

    `advice` is what is said to the person at each level.
    """

    version: str
    symptoms: dict[str, Words]
    specialties: frozenset[str]
    otherwise: Suggestion
    advice: dict[Level, Words]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What follows: with red flags nothing but them; else suggestions, the best first. `fired` are rules' ids."""

    level: Level
    red_flags: tuple[Rule, ...]
    suggestions: tuple[Suggestion, ...]
    fired: tuple[str, ...]
    version: str


def advise(case: Case, book: RuleBook) -> Advice:
    """What the rules say to a case of known symptoms."""
    fired = sorted((rule for rule in book.rules if rule.when.fits(case)), key=_first)
    if flags := tuple(rule for rule in fired if rule.red_flag is not None):
        return Advice(
            level=Level.EMERGENCY,
            red_flags=flags,
            suggestions=(),
            fired=tuple(rule.rule_id for rule in flags),
            version=book.version,
        )
    suggested = [rule.suggest for rule in fired if rule.suggest is not None] or [book.otherwise]
    level = max(one.level for one in suggested)
    if level is Level.COMMUNITY:
        suggested.sort(key=lambda one: one.specialty != book.otherwise.specialty)
    return Advice(
        level=level,
        red_flags=(),
        suggestions=tuple(dict.fromkeys(suggested)),
        fired=tuple(rule.rule_id for rule in fired),
        version=book.version,
    )


def _first(rule: Rule) -> tuple[int, int, str]:
    """The order of rules that fire: the higher level, then the one that asks for more."""
    level = Level.EMERGENCY if rule.suggest is None else rule.suggest.level
    return -level, -rule.when.demands, rule.rule_id


def problems(book: RuleBook) -> list[str]:
    """What is wrong with a rule book, each with the rule's name; empty for a good one."""
    return [*_unknown(book), *_impossible(book), *_unreachable(book), *_conflicts(book)]


def _unknown(book: RuleBook) -> Iterable[str]:
    used: set[str] = set()
    for rule in book.rules:
        symptoms = rule.when.all | rule.when.any | rule.when.none
        used |= rule.when.all | rule.when.any
        for code in sorted(symptoms - book.symptoms.keys()):
            yield f"{rule.rule_id}: unknown symptom {code}"
        if rule.suggest and rule.suggest.specialty not in book.specialties:
            yield f"{rule.rule_id}: unknown specialty {rule.suggest.specialty}"
    for code in sorted(book.symptoms.keys() - used):
        yield f"no rule asks for the symptom {code}"


def _impossible(book: RuleBook) -> Iterable[str]:
    for rule in book.rules:
        when = rule.when
        if when == When():
            yield f"{rule.rule_id}: asks for nothing"
        if when.all & when.none or (when.any and when.any <= when.none):
            yield f"{rule.rule_id}: asks for a symptom that it excludes"
        if rule.red_flag and when.none:
            yield f"{rule.rule_id}: is a red flag that another symptom takes away"
        if any(span is not None and span[0] >= span[1] for span in (when.age_months, when.hours)):
            yield f"{rule.rule_id}: a range is empty"
        if when.pregnant and when.sex == "M":
            yield f"{rule.rule_id}: asks for a pregnant man"


def _unreachable(book: RuleBook) -> Iterable[str]:
    """Suggestions that a red flag always takes the word from."""
    flags = [rule for rule in book.rules if rule.red_flag is not None]
    for rule in book.rules:
        for flag in flags if rule.suggest else ():
            if rule.when.implies(flag.when):
                yield f"{rule.rule_id}: is never reached, for the red flag {flag.rule_id} always fires with it"


def _conflicts(book: RuleBook) -> Iterable[str]:
    seen: dict[object, str] = {}
    for rule in book.rules:
        for key, what in (((rule.rule_id,), "has the id of"), (rule.when, "asks for the same as")):
            if key in seen:
                yield f"{rule.rule_id}: {what} {seen[key]}"
            seen.setdefault(key, rule.rule_id)


def _within(value: int, span: tuple[int, int] | None) -> bool:
    return span is None or span[0] <= value < span[1]


def _inside(inner: tuple[int, int] | None, outer: tuple[int, int] | None) -> bool:
    return outer is None or (inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1])
