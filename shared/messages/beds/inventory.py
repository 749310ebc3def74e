"""How each bed stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BedStatusChanged:
    """How a bed stands, in HL7 table 0116, and whether it is `reserved`, for which the table has no code.

    C closed, H housekeeping, O occupied, U unoccupied, K contaminated, I isolated.
    """

    type: ClassVar = "beds.bed-status-changed.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("bed", "bed_id")

    bed_id: str
    ward_id: str
    status: str
    reserved: bool
    changed_at: datetime
    aggregate_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedState:
    """The bed as it is now: a compacted topic, so that a board is drawn without reading history."""

    type: ClassVar = "beds.bed-state.v1"
    key: ClassVar = "bed_id"
    subject: ClassVar = ("bed-state", "bed_id")
    topic: ClassVar = "bed-state"

    bed_id: str
    campus_id: str
    ward_id: str
    room_id: str
    status: str
    reserved: bool
    stay_id: UUID | None
    patient_id: UUID | None
    changed_at: datetime
    aggregate_version: int


MESSAGES = (
    BedStatusChanged,
    BedState,
)
