"""Where published templates are kept, and the only SQL about them.

Invariant: a version, once published, never changes. `template_step` repeats of each step what the due engine's
statement has to know; it is written with the version and by nobody else.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.followup.tables import Row
from services.followup.templates import definition
from services.followup.templates.model import CatchUp, Template
from shared.work import Work

CATCH_UPS = ", ".join(f"'{catch_up}'" for catch_up in CatchUp)


class TemplateRow(Row, table=True):
    """A published version with its document as it came."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("name", "valid_from", name="one_template_version_a_day"),)

    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    purpose: str
    valid_from: date
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    published_at: datetime = Field(sa_type=DateTime(timezone=True))


class TemplateStepRow(Row, table=True):
    """A step, as far as the due engine decides by it."""

    __tablename__ = "template_step"
    __table_args__ = (
        ForeignKeyConstraint(["name", "version"], ["template.name", "template.version"]),
        CheckConstraint(f"catch_up IN ({CATCH_UPS})", name="template_step_catch_up"),
        CheckConstraint("catch_up <> 'skip' OR stale_after_days >= 1", name="template_step_stale_after"),
    )

    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    catch_up: str
    stale_after_days: int


async def add(work: Work, template: Template, document: bytes) -> bool:
    """Write a version unless it is there. Returns whether what is kept now is this very document."""
    kept = orjson.loads(document)
    row = {
        "name": template.name,
        "version": template.version,
        "purpose": template.purpose,
        "valid_from": template.valid_from,
        "document": kept,
        "published_at": work.now,
    }
    statement = insert(TemplateRow).values(row).on_conflict_do_nothing()
    written = await work.session.exec(statement)
    if written.rowcount == 1:
        await work.session.exec(insert(TemplateStepRow).values(list(_steps(template))))
        return True
    present = await work.session.get(TemplateRow, (template.name, template.version))
    return present is not None and present.document == kept


async def version(work: Work, name: str, number: str) -> Template | None:
    """One published version."""
    return _to_model(await work.session.get(TemplateRow, (name, number)))


async def valid_on(work: Work, name: str, on: date) -> Template | None:
    """The version that counts on a day: the one valid from the latest day not after it."""
    row = col(TemplateRow.name) == name, col(TemplateRow.valid_from) <= on
    query = select(TemplateRow).where(*row).order_by(col(TemplateRow.valid_from).desc()).limit(1)
    return _to_model((await work.session.exec(query)).first())


async def all_published(work: Work) -> list[Template]:
    """Every version, by name and day of validity."""
    rows = await work.session.exec(select(TemplateRow).order_by(col(TemplateRow.name), col(TemplateRow.valid_from)))
    return [definition.read(orjson.dumps(row.document)) for row in rows]


def _to_model(row: TemplateRow | None) -> Template | None:
    return definition.read(orjson.dumps(row.document)) if row else None


def _steps(template: Template) -> Iterable[dict[str, Any]]:
    for step in template.steps:
        yield {
            "name": template.name,
            "version": template.version,
            "step": step.code,
            "catch_up": step.catch_up,
            "stale_after_days": step.stale_after_days,
        }
