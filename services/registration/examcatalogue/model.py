"""The words of the exam catalogue: items, rules between them, preparations, devices with their week, and ways.

Invariant: an item's minutes are whole ticks of five; a recognised result counts 7 to 30 days or, with 0, never.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.decision import Refused

FASTING = "fasting"


class Modality(StrEnum):
    """What kind of device an exam needs; the letters of DICOM where it has some."""

    CT = "CT"
    MR = "MR"
    XR = "XR"
    RF = "RF"
    US = "US"
    ES = "ES"
    NM = "NM"
    ECG = "ECG"
    LF = "LF"
    LAB = "LAB"


class Contrast(StrEnum):
    """What is given to the patient."""

    IODINE = "iodine"
    GADOLINIUM = "gadolinium"
    BARIUM = "barium"
    RADIONUCLIDE = "radionuclide"


class Reason(StrEnum):
    """Why a command was refused."""

    ITEM_UNKNOWN = "item-unknown"
    NETWORK_MISSING = "network-missing"
    ZONE_UNKNOWN = "zone-unknown"


UNKNOWN_ITEM = Refused(reason=Reason.ITEM_UNKNOWN, remedy="give item codes of GET /exam-items, or import the item")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamItem:
    """One thing that can be examined. `recognition_days`: how long a partner's result of it may be used."""

    item_code: str
    modality: Modality
    name_zh: str
    name_en: str
    minutes: int
    fasting_hours: int
    contrast: Contrast | None
    tags: frozenset[str]
    preparations: tuple[str, ...]
    price_fen: int
    recognition_days: int
    source: str

    @property
    def every_tag(self) -> frozenset[str]:
        """What rules may call it by: its own tags, code, modality and contrast, and whether the patient fasts."""
        own = {self.item_code, self.modality.value, *([self.contrast.value] if self.contrast else [])}
        return self.tags | own | ({FASTING} if self.fasting_hours else set())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamRule:
    """After an exam with `earlier_tag` one with `later_tag` starts `minutes` after its end; None: never."""

    rule_id: str
    earlier_tag: str
    later_tag: str
    minutes: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What the patient is told, in both languages; with a condition only those who have it."""

    preparation_code: str
    condition: str | None
    text_zh: str
    text_en: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHours:
    """A line of a device's week. `weekday` 1 is Monday; minutes count from midnight, 1440 is 24:00."""

    weekday: int
    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamDevice:
    """A device or room. It does `items`, or with none named all of its modality; `reading_campus_id` reads them."""

    device_id: str
    campus_id: str
    room: str
    modality: Modality
    items: tuple[str, ...]
    reading_campus_id: str
    hours: tuple[OpenHours, ...]
    device_no: int = 0

    def does(self, item: ExamItem) -> bool:
        """Whether it can do the item."""
        return item.modality is self.modality and (not self.items or item.item_code in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The hospital's zone, and the minutes from one campus to another; who is not named is not sent there."""

    zone: str
    travel: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything that planning asks of the catalogue for some items."""

    items: Mapping[str, ExamItem]
    rules: tuple[ExamRule, ...]
    devices: tuple[ExamDevice, ...]
    network: Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One thing wrong with a line of a file; the header is line 1."""

    line: int
    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Lines taken, and everything that was wrong with the others."""

    imported: int
    rejected_rows: tuple[Rejected, ...]


def day_starts(zone: str, on: date) -> datetime:
    """The instant at which a day begins in the hospital's zone."""
    return datetime.combine(on, time.min, ZoneInfo(zone)).astimezone(UTC)


def opening(device: ExamDevice, zone: str, on: date) -> Iterable[tuple[datetime, datetime]]:
    """When the device is open on that day."""
    midnight = datetime.combine(on, time.min, ZoneInfo(zone))
    for hours in device.hours:
        if hours.weekday == on.isoweekday():
            yield (
                (midnight + timedelta(minutes=hours.from_minute)).astimezone(UTC),
                (midnight + timedelta(minutes=hours.to_minute)).astimezone(UTC),
            )


def instructions(
    items: Collection[ExamItem], conditions: Collection[str], known: Mapping[str, Preparation]
) -> list[Preparation]:
    """What a patient with these conditions is told before these exams, each once, in the order of the items."""
    codes = dict.fromkeys(code for item in items for code in item.preparations if code in known)
    return [known[code] for code in codes if known[code].condition is None or known[code].condition in conditions]
