"""How far an admission is prepared."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationChanged:
    """Of so many `items` so many are `open`; `missing` are the codes of the mandatory ones among them."""

    type: ClassVar = "beds.preparation-changed.v1"
    key: ClassVar = "patient_id"
    subject: ClassVar = ("preparation", "request_id")

    request_id: UUID
    patient_id: UUID
    items: int
    open: int
    missing: tuple[str, ...]
    aggregate_version: int


MESSAGES = (PreparationChanged,)
