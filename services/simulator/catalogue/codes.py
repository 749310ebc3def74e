"""Which terminology a charge's code is from, told by the code alone.

Synthea writes SNOMED CT, RxNorm and CVX codes into one column without saying which. A SNOMED CT concept id carries a
Verhoeff check digit and, before it, the partition 00 or 10 (SNOMED International, Release File Specifications); the
others carry neither, so that at most one of their codes in 500 could pass for one.

Invariant: every text has exactly one kind.
"""

from enum import StrEnum
from typing import Final

CONCEPT_PARTITIONS: Final = ("00", "10")
CONCEPT_DIGITS: Final = range(6, 19)
LONGEST_CVX: Final = 3
LONGEST_RXNORM: Final = 7
DIHEDRAL: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
PERMUTED: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


class Kind(StrEnum):
    """What is charged for: a service or procedure, a medicine, a vaccine, or nobody knows."""

    SERVICE = "service"
    MEDICINE = "medicine"
    VACCINE = "vaccine"
    UNKNOWN = "unknown"


def kind_of(code: str) -> Kind:
    """The kind of a code: SNOMED CT is a service, RxNorm a medicine, CVX a vaccine.

    Longer than any RxNorm code it is taken for SNOMED CT even with a wrong check digit; Synthea has made such up.
    """
    if not (code.isascii() and code.isdigit()):
        return Kind.UNKNOWN
    if len(code) <= LONGEST_CVX:
        return Kind.VACCINE
    if len(code) > LONGEST_RXNORM or is_concept(code):
        return Kind.SERVICE
    return Kind.MEDICINE


def is_concept(digits: str) -> bool:
    """Whether the digits are a well-formed SNOMED CT concept id."""
    return len(digits) in CONCEPT_DIGITS and digits[-3:-1] in CONCEPT_PARTITIONS and passes_verhoeff(digits)


def passes_verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of those before it."""
    checked = 0
    for place, digit in enumerate(reversed(digits)):
        checked = DIHEDRAL[checked][PERMUTED[place % len(PERMUTED)][int(digit)]]
    return checked == 0
