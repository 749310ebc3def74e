"""Field types that the APIs of several capabilities share, and who may read what has no name in it."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints

from shared.auth import Role

READERS: Final = (Role.WARD_NURSE, Role.CLINICIAN, Role.FRONT_DESK, Role.BACK_OFFICE, Role.OPERATOR)


def _not_nothing(count: str) -> str:
    if not Decimal(count):
        raise ValueError("is nothing: send how many, or a negative count for a return")
    return count


Fen = Annotated[int, Field(ge=0, le=99_999_999_999, description="integer fen: 18.50 yuan is 1850")]
Positive = Annotated[int, Field(gt=0, le=99_999_999_999, description="integer fen, more than 0")]
ItemCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
CountText = Annotated[
    str,
    StringConstraints(pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,6})?$"),
    AfterValidator(_not_nothing),
    Field(description='a decimal string such as "1" or "0.5", not 0; a return is negative, "-1"'),
]
RatioText = Annotated[
    str,
    StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$"),
    Field(description='the 先行自付 ratio as a decimal string from "0" to "1"; counts in class 02 only'),
]
Exact = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str)]
