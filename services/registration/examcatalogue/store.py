"""Where the exam catalogue is kept, and the only SQL about it.

Invariant: a code is one row; what is imported again is written over, and nothing that was planned by it changes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlmodel import Field, col, select

from services.registration.examcatalogue.model import (
    Contrast,
    ExamDevice,
    ExamItem,
    ExamRule,
    Modality,
    Network,
    OpenHours,
    Preparation,
)
from services.registration.tables import Row
from shared.work import Work

THE_ONE = 1
LINES_A_STATEMENT = 1000
"""A statement of PostgreSQL has at most 65,535 parameters, of the driver 32,767; a line has up to twelve."""


class ExamItemRow(Row, table=True):
    """An exam item."""

    __tablename__ = "exam_item"
    __table_args__ = (
        CheckConstraint("minutes > 0 AND minutes % 5 = 0", name="exam_item_minutes"),
        CheckConstraint("recognition_days = 0 OR recognition_days BETWEEN 7 AND 30", name="exam_item_recognition"),
        CheckConstraint("price_fen >= 0", name="exam_item_price"),
    )

    item_code: str = Field(primary_key=True)
    modality: str
    name_zh: str
    name_en: str
    minutes: int
    fasting_hours: int
    contrast: str | None
    tags: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    preparations: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    price_fen: int
    recognition_days: int
    source: str


class ExamRuleRow(Row, table=True):
    """A rule between two tags."""

    __tablename__ = "exam_rule"

    rule_id: str = Field(primary_key=True)
    earlier_tag: str
    later_tag: str
    minutes: int | None
    source: str


class ExamPreparationRow(Row, table=True):
    """A preparation's text."""

    __tablename__ = "exam_preparation"

    preparation_code: str = Field(primary_key=True)
    condition: str | None
    text_zh: str
    text_en: str
    source: str


class ExamDeviceRow(Row, table=True):
    """A device or room. `device_no` is what exclusion constraints tell it by."""

    __tablename__ = "exam_device"

    device_id: str = Field(primary_key=True)
    device_no: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False, unique=True)
    )
    campus_id: str
    room: str
    modality: str
    items: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    reading_campus_id: str
    hours: list[dict[str, int]] = Field(sa_column=Column(JSONB, nullable=False))


class ExamNetworkRow(Row, table=True):
    """The hospital's zone and ways, one row."""

    __tablename__ = "exam_network"
    __table_args__ = (CheckConstraint("only_row = 1", name="exam_network_only_row"),)

    only_row: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    zone: str
    travel: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


ROWS: Mapping[type, tuple[type[Row], str]] = {
    ExamItem: (ExamItemRow, "item_code"),
    ExamRule: (ExamRuleRow, "rule_id"),
    Preparation: (ExamPreparationRow, "preparation_code"),
    ExamDevice: (ExamDeviceRow, "device_id"),
}


async def write(work: Work, lines: Sequence[ExamItem | ExamRule | Preparation | ExamDevice]) -> None:
    """Write these lines, all of one kind, over what has their keys."""
    if lines:
        table, key = ROWS[type(lines[0])]
        values = [_values(one) for one in sorted(lines, key=lambda one: str(getattr(one, key)))]
        for first in range(0, len(values), LINES_A_STATEMENT):
            statement = insert(table).values(values[first : first + LINES_A_STATEMENT])
            changed = {name: statement.excluded[name] for name in values[0] if name != key}
            await work.session.exec(statement.on_conflict_do_update(index_elements=[key], set_=changed))


async def put_network(work: Work, network: Network) -> None:
    """Write the zone and the ways."""
    travel = [{"from": one, "to": other, "minutes": minutes} for (one, other), minutes in network.travel.items()]
    await work.session.merge(ExamNetworkRow(only_row=THE_ONE, zone=network.zone, travel=travel))


async def network(work: Work) -> Network | None:
    """The zone and the ways, or None before they were written."""
    row = await work.session.get(ExamNetworkRow, THE_ONE)
    if row is None:
        return None
    return Network(zone=row.zone, travel={(way["from"], way["to"]): way["minutes"] for way in row.travel})


async def items(work: Work, codes: Collection[str] | None = None) -> list[ExamItem]:
    """All items, or those with these codes, by code."""
    query = select(ExamItemRow).order_by(col(ExamItemRow.item_code))
    if codes is not None:
        query = query.where(col(ExamItemRow.item_code).in_(codes))
    return [_item(row) for row in await work.session.exec(query)]


async def rules(work: Work) -> list[ExamRule]:
    """All rules, by id."""
    found = await work.session.exec(select(ExamRuleRow).order_by(col(ExamRuleRow.rule_id)))
    return [ExamRule(**row.model_dump()) for row in found]


async def preparations(work: Work, codes: Collection[str] | None = None) -> list[Preparation]:
    """All preparations, or those with these codes, by code."""
    query = select(ExamPreparationRow).order_by(col(ExamPreparationRow.preparation_code))
    if codes is not None:
        query = query.where(col(ExamPreparationRow.preparation_code).in_(codes))
    return [Preparation(**row.model_dump()) for row in await work.session.exec(query)]


async def devices(work: Work, modalities: Collection[str] | None = None) -> list[ExamDevice]:
    """All devices, or those of these modalities, by id."""
    query = select(ExamDeviceRow).order_by(col(ExamDeviceRow.device_id))
    if modalities is not None:
        query = query.where(col(ExamDeviceRow.modality).in_(modalities))
    return [_device(row) for row in await work.session.exec(query)]


async def devices_by_id(work: Work, device_ids: Collection[str]) -> list[ExamDevice]:
    """Those of these devices that there are."""
    query = select(ExamDeviceRow).where(col(ExamDeviceRow.device_id).in_(device_ids))
    return [_device(row) for row in await work.session.exec(query)]


def _values(line: ExamItem | ExamRule | Preparation | ExamDevice) -> dict[str, Any]:
    values = asdict(line)
    values.pop("device_no", None)
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}


def _item(row: ExamItemRow) -> ExamItem:
    return ExamItem(
        **row.model_dump()
        | {
            "modality": Modality(row.modality),
            "contrast": Contrast(row.contrast) if row.contrast else None,
            "tags": frozenset(row.tags),
            "preparations": tuple(row.preparations),
        }
    )


def _device(row: ExamDeviceRow) -> ExamDevice:
    hours = tuple(OpenHours(**line) for line in row.hours)
    return ExamDevice(
        **row.model_dump() | {"modality": Modality(row.modality), "items": tuple(row.items), "hours": hours}
    )
