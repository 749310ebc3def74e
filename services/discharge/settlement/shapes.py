"""The file formats of a case and of an answer, as pydantic models: what the JSON Schemas are made from.

A field's description completes the sentence "write …", so the schema and an error's remedy are the same words.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from unicodedata import category

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.json_schema import WithJsonSchema

MONEY_MAX_FEN = 999_999_999_999_999


def _as_written(value: object) -> object:
    """Values of the model in the words of a file; what comes from a file passes unchanged."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _on_one_line(text: str) -> str:
    if any(category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
        raise ValueError("a control character")
    return text


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


Fen = Annotated[int, Field(ge=0, le=MONEY_MAX_FEN)]
Count = Annotated[str, Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,12})?$"), BeforeValidator(_as_written)]
Ratio = Annotated[str, Field(pattern=r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$"), BeforeValidator(_as_written)]
Day = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"}),
    BeforeValidator(_as_written),
    AfterValidator(_day),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_on_one_line)]
StepValue = Annotated[bool | int | str | None, BeforeValidator(_as_written)]
Named = dict[str, StepValue]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True, populate_by_name=True, serialize_by_alias=True)


class LineShape(_Shape):
    """One fee line."""

    name: Name = Field(description="the item's name, 1 to 200 characters on one line")
    line_class: Literal["01", "02", "03"] = Field(alias="class", description='"01" (甲), "02" (乙) or "03" (丙, 自费)')
    price_fen: Fen = Field(description="the unit price as an integer of fen, 0 or more (18.50 yuan is 1850)")
    count: Count = Field(description='the count as a decimal string such as "1" or "0.5"; a return is negative, "-1"')
    price_limit_fen: Fen | None = Field(
        description="the unit price limit as an integer of fen, 0 or more, or null; ignored in class 03"
    )
    preself_ratio: Ratio = Field(
        description='the 先行自付 ratio as a decimal string from "0" to "1" such as "0.10"; counts in class 02 only'
    )


class PersonShape(_Shape):
    """What a pack may ask about the insured person."""

    retired: bool = Field(description="true or false; acts in beijing-employee only")
    low_income: bool = Field(description="true or false; acts in resident-tertiary only")


class YearShape(_Shape):
    """What earlier settlements of the calendar year of `on` used up."""

    hifp_pay_fen: Fen = Field(description="the pool's payments so far this year as an integer of fen, 0 or more")
    hifob_pay_fen: Fen = Field(description="the large-amount fund's payments so far as an integer of fen, 0 or more")
    compliant_burden_fen: Fen = Field(description="the compliant burden so far as an integer of fen, 0 or more")
    maf_pay_fen: Fen = Field(description="medical assistance so far as an integer of fen, 0 or more")


class CaseShape(_Shape):
    """One inpatient stay to settle. Money is integer fen; counts and ratios are decimal strings."""

    model_config = ConfigDict(title="Settlement case")

    pack: str = Field(description='the name of a policy pack such as "beijing-employee"')
    on: Day = Field(description="the day of the stay's end in the hospital's zone as \"2026-03-01\"")
    hospital_level: int = Field(description="a hospital level that the pack knows, as an integer")
    admission_number: Annotated[int, Field(ge=1, le=9999)] = Field(
        description="1 + the number of earlier settlements in the year, as an integer from 1"
    )
    person: PersonShape = Field(description='an object with the keys "retired" and "low_income"')
    referral: Literal["up", "down"] | None = Field(description='null, "up" or "down": the alliance referral (医联体)')
    year_to_date: YearShape = Field(
        description="an object with hifp_pay_fen, hifob_pay_fen, compliant_burden_fen and maf_pay_fen"
    )
    account_balance_fen: Fen = Field(description="the personal account's balance as an integer of fen, 0 or more")
    lines: list[LineShape] = Field(description="a list of fee lines")


class LineAnswerShape(_Shape):
    """A line's amount and its four parts. Identity A: the parts sum to the amount."""

    name: str
    line_class: Literal["01", "02", "03"] = Field(alias="class")
    amount_fen: int = Field(title="金额", description="amount")
    fulamt_ownpay_amt_fen: int = Field(title="全自费", description="own pay")
    overlmt_selfpay_fen: int = Field(title="超限价", description="over limit")
    preselfpay_amt_fen: int = Field(title="先行自付", description="borne first")
    inscp_scp_amt_fen: int = Field(title="范围内", description="in scope")


class StepShape(_Shape):
    """What was computed, from what, giving what, by which entries of which pack (none: plain arithmetic)."""

    what: str
    inputs: Named = Field(alias="from", description="fen as integers; ratios and unrounded fen as decimal strings")
    gives: Named = Field(description="fen as integers; ratios and unrounded fen as decimal strings")
    pack: str | None
    entries: list[str]


class PackShape(_Shape):
    """The dated rules that were used."""

    name: str
    version: str
    valid_from: Annotated[date, PlainSerializer(date.isoformat), WithJsonSchema({"type": "string", "format": "date"})]
    verified: bool


class AnswerShape(_Shape):
    """The national fields of one settlement, in fen. Identities A to D hold to the fen."""

    model_config = ConfigDict(title="Settlement answer")

    medfee_sumamt_fen: int = Field(title="医疗费总额", description="total")
    fulamt_ownpay_amt_fen: int = Field(title="全自费金额", description="own pay")
    overlmt_selfpay_fen: int = Field(title="超限价自费费用", description="over price limits")
    preselfpay_amt_fen: int = Field(title="先行自付金额", description="borne first")
    inscp_scp_amt_fen: int = Field(title="符合政策范围金额", description="in scope")
    act_pay_dedc_fen: int = Field(title="实际支付起付线", description="deductible")
    hifp_pay_fen: int = Field(title="统筹基金支出", description="pool")
    hifob_pay_fen: int = Field(title="大额互助资金支出", description="large-amount fund")
    hifmi_pay_fen: int = Field(title="大病保险资金支出", description="serious-illness insurance")
    maf_pay_fen: int = Field(title="医疗救助基金支出", description="medical assistance")
    fund_pay_sumamt_fen: int = Field(title="基金支付总额", description="all funds")
    psn_part_amt_fen: int = Field(title="个人负担总金额", description="personal part")
    acct_pay_fen: int = Field(title="个人账户支出", description="from the personal account")
    psn_cash_pay_fen: int = Field(title="个人现金支出", description="cash")
    lines: list[LineAnswerShape]
    steps: list[StepShape]
    packs: list[PackShape]
