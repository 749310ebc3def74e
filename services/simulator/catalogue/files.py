"""Loading the catalogue from `charges.csv` and `rules.json` beside this file.

Invariant: a catalogue that loads is whole: every scheme and every kind that it names exists, classes and ratios are in
their ranges, and no key is unknown. Anything else raises `pydantic.ValidationError`, which names the place.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from services.simulator.catalogue.codes import Kind
from services.simulator.catalogue.model import PARTLY_COVERED, Catalogue, Item, Scheme, Terms
from services.simulator.strict import Strict

HERE = Path(__file__).parent

Fen = Annotated[int, Field(ge=0)]
Age = Annotated[int, Field(ge=0, le=120)]


class TermsShape(Strict):
    """The terms of one item or of one kind."""

    line_class: Literal["01", "02", "03"] = Field(alias="class")
    price_limit_fen: Fen | None
    preself_ratio: Annotated[Decimal, Field(ge=0, le=1)] | None

    @model_validator(mode="after")
    def ratio_is_given_where_it_counts(self) -> Self:
        """A ratio stands for class 02 and for no other."""
        if (self.line_class == PARTLY_COVERED) != (self.preself_ratio is not None):
            raise ValueError("give preself_ratio for class 02 and leave it empty for 01 and 03")
        return self

    def terms(self) -> Terms:
        """As the rules see it."""
        ratio = "0" if self.preself_ratio is None else str(self.preself_ratio)
        return Terms(line_class=self.line_class, price_limit_fen=self.price_limit_fen, preself_ratio=ratio)


class ItemShape(TermsShape):
    """A row of charges.csv."""

    code: Annotated[str, Field(min_length=1)]
    kind: Kind
    name_en: Annotated[str, Field(min_length=1)]
    name_zh: Annotated[str, Field(min_length=1)]

    def item(self) -> Item:
        """As the rules see it."""
        return Item(
            code=self.code,
            kind=self.kind,
            terms=self.terms(),
            name_en=self.name_en,
            name_zh=self.name_zh,
            listed=True,
        )


class AccountShape(Strict):
    """What a personal account holds when the recording begins."""

    at_working_age_fen: Fen
    each_year_more_fen: Fen


class RulesShape(Strict):
    """rules.json."""

    version: str
    note: str
    default_terms: dict[Kind, TermsShape]
    payers: dict[str, str]
    other_payer: str
    below_working_age: str
    working_age: Age
    retirement_age: dict[Literal["F", "M"], Age]
    schemes: dict[str, Scheme]
    account: AccountShape

    @model_validator(mode="after")
    def what_is_named_exists(self) -> Self:
        """Every scheme that a rule names is there, and every kind and sex has its rule."""
        named = {*self.payers.values(), self.other_payer, self.below_working_age}
        if missing := sorted(named - self.schemes.keys()):
            raise ValueError(f"schemes lacks {', '.join(missing)}: add it or name another")
        if missing := sorted(set(Kind) - self.default_terms.keys()):
            raise ValueError(f"default_terms lacks {', '.join(missing)}: add it")
        if len(self.retirement_age) != len(("F", "M")):
            raise ValueError("retirement_age needs both F and M")
        if self.schemes[self.below_working_age].has_account:
            raise ValueError("below_working_age names a scheme with an account: name one without")
        return self


def codes_once(shapes: list[ItemShape]) -> list[ItemShape]:
    """The rows, each code once."""
    twice = sorted(code for code, rows in Counter(shape.code for shape in shapes).items() if rows > 1)
    if twice:
        raise ValueError(f"the codes {', '.join(twice)} stand twice: keep one row of each")
    return shapes


ITEMS = TypeAdapter(Annotated[list[ItemShape], AfterValidator(codes_once)])


@cache
def load() -> Catalogue:
    """The catalogue that is shipped."""
    with (HERE / "charges.csv").open(newline="", encoding="utf-8") as charges:
        return build((HERE / "rules.json").read_bytes(), charges)


def build(rules_json: bytes, charges_csv: Iterable[str]) -> Catalogue:
    """A catalogue from the text of its two files. Raises `pydantic.ValidationError`."""
    rules = RulesShape.model_validate_json(rules_json)
    rows = [{name: field or None for name, field in row.items()} for row in csv.DictReader(charges_csv)]
    items = ITEMS.validate_python(rows)
    return Catalogue(
        version=rules.version,
        items={shape.code: shape.item() for shape in items},
        default_terms={kind: shape.terms() for kind, shape in rules.default_terms.items()},
        schemes=rules.schemes,
        payers=rules.payers,
        other_payer=rules.other_payer,
        below_working_age=rules.below_working_age,
        working_age=rules.working_age,
        retirement_age={str(sex): age for sex, age in rules.retirement_age.items()},
        account_at_working_age_fen=rules.account.at_working_age_fen,
        account_each_year_more_fen=rules.account.each_year_more_fen,
    )
