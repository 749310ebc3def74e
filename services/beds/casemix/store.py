"""Where reference tables, settled cases and the departments' case mix are kept; and the only SQL about them.

Invariant: a table never changes once it is loaded; a stay counts once; a day's case mix follows from the settled cases
alone, added up in order of stay id, so that computing it again gives the same numbers.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.beds.casemix.model import DepartmentMix, Kind, LoadTable, RwSource, SettledCase, Table
from services.beds.tables import Row
from shared.work import Work

KINDS = ", ".join(f"'{kind}'" for kind in Kind)
SOURCES = ", ".join(f"'{source}'" for source in RwSource)


class ReferenceTableRow(Row, table=True):
    """A table that was loaded."""

    __tablename__ = "reference_table"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="reference_table_kind"),
        UniqueConstraint("kind", "name", "version", name="one_table_a_version"),
    )

    table_no: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    kind: str
    name: str
    version: str
    valid_from: date
    loaded_at: datetime = Field(sa_type=DateTime(timezone=True))
    loaded_by: str


class ReferenceEntryRow(Row, table=True):
    """A code of a table."""

    __tablename__ = "reference_entry"
    __table_args__ = (CheckConstraint("weight > 0", name="reference_entry_weight"),)

    table_no: int = Field(sa_type=BigInteger, foreign_key="reference_table.table_no", primary_key=True)
    code: str = Field(primary_key=True)
    weight: float | None


class SettledCaseRow(Row, table=True):
    """A stay that was settled."""

    __tablename__ = "settled_case"
    __table_args__ = (CheckConstraint(f"rw_source IN ({SOURCES})", name="settled_case_rw_source"),)

    stay_id: UUID = Field(primary_key=True)
    specialty: str | None
    rw: float | None
    rw_source: str | None
    settled_at: datetime = Field(sa_type=DateTime(timezone=True), index=True)


class CaseMixRow(Row, table=True):
    """A department's settled stays in the days before one day."""

    __tablename__ = "case_mix"
    __table_args__ = (CheckConstraint("0 <= weighted AND weighted <= stays", name="case_mix_weighted"),)

    as_of: date = Field(primary_key=True)
    specialty: str = Field(primary_key=True)
    stays: int
    weighted: int
    rw_sum: float
    median_rw: float | None


IN_FORCE = """
SELECT DISTINCT ON (CASE kind WHEN 'drg-weights' THEN version END) table_no FROM reference_table
WHERE kind = $1 AND valid_from <= $2
ORDER BY CASE kind WHEN 'drg-weights' THEN version END, valid_from DESC, table_no DESC
"""
WEIGHTS = f"""
SELECT version, code, weight FROM reference_entry JOIN reference_table USING (table_no)
WHERE table_no IN ({IN_FORCE}) AND weight IS NOT NULL
    AND (version, code) IN (SELECT * FROM unnest($3::text[], $4::text[]))
"""  # noqa: S608 - our own statement
LISTED = "SELECT code FROM reference_entry WHERE table_no = $1 AND code = ANY($2::text[])"
COMPUTE = """
INSERT INTO case_mix (as_of, specialty, stays, weighted, rw_sum, median_rw)
SELECT $1, specialty, count(*), count(rw), coalesce(sum(rw ORDER BY stay_id), 0),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY rw)
FROM settled_case WHERE settled_at >= $2 AND settled_at < $3 AND specialty IS NOT NULL GROUP BY specialty
ON CONFLICT DO NOTHING
"""
FIRST_UNCOUNTED = "SELECT min(settled_at) FROM settled_case WHERE settled_at >= $1 AND specialty IS NOT NULL"
LATEST = "SELECT * FROM case_mix WHERE as_of = (SELECT max(as_of) FROM case_mix WHERE as_of <= $1) ORDER BY specialty"


async def add_table(work: Work, new: LoadTable) -> int | None:
    """Write a table with its entries. Returns its number, or None where the version is there already."""
    values = {name: getattr(new, name) for name in ("kind", "name", "version", "valid_from")}
    row = insert(ReferenceTableRow).values(**values, loaded_at=work.now, loaded_by=new.by).on_conflict_do_nothing()
    added = (await work.session.exec(row.returning(col(ReferenceTableRow.table_no)))).one_or_none()
    if added is None:
        return None
    number: int = added[0]
    rows = [(number, entry.code, entry.weight) for entry in new.entries]
    await (await work.sql()).copy_records_to_table("reference_entry", records=rows)
    return number


async def tables(work: Work) -> list[Table]:
    """All tables, the latest first day first."""
    codes = func.count(col(ReferenceEntryRow.code))
    joined = select(ReferenceTableRow, codes).join(ReferenceEntryRow).group_by(col(ReferenceTableRow.table_no))
    ordered = joined.order_by(col(ReferenceTableRow.valid_from).desc(), col(ReferenceTableRow.table_no).desc())
    rows = await work.session.exec(ordered)
    return [Table(**{**row.model_dump(), "kind": Kind(row.kind)}, codes=number) for row, number in rows]


async def weights(work: Work, on: date, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """The weights in force on a day, by grouper version and DRG; those that no table has are missing."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    versions, codes = [list(one) for one in zip(*pairs, strict=True)]
    rows = await (await work.sql()).fetch(WEIGHTS, Kind.DRG_WEIGHTS.value, on, versions, codes)
    return {(row["version"], row["code"]): row["weight"] for row in rows}


async def level4(work: Work, on: date, wanted: Collection[str]) -> frozenset[str] | None:
    """Those of the procedures that the catalogue in force on a day lists; None where there is none."""
    connection = await work.sql()
    number = await connection.fetchval(IN_FORCE, Kind.LEVEL_4.value, on)
    if number is None:
        return None
    return frozenset(row["code"] for row in await connection.fetch(LISTED, number, list(wanted)))


async def put_case(work: Work, case: SettledCase) -> None:
    """Count a settled stay; one that is settled anew counts as it was settled last."""
    values = asdict(case)
    row = insert(SettledCaseRow).values(**values)
    await work.session.exec(row.on_conflict_do_update(index_elements=["stay_id"], set_=values))


async def settled_at(work: Work, stay_id: UUID) -> datetime | None:
    """When a stay was settled."""
    row = await work.session.get(SettledCaseRow, stay_id)
    return None if row is None else row.settled_at


async def compute(work: Work, as_of: date, since: datetime, until: datetime) -> int:
    """Write a day's case mix from the stays settled from `since` to before `until`; how many departments."""
    written = await (await work.sql()).execute(COMPUTE, as_of, since, until)
    return int(written.rsplit(" ", 1)[1])


async def last_day(work: Work) -> date | None:
    """The day of the latest case mix."""
    return (await work.session.exec(select(func.max(CaseMixRow.as_of)))).one()


async def first_uncounted(work: Work, since: datetime) -> datetime | None:
    """When the first stay was settled from `since` on."""
    found: datetime | None = await (await work.sql()).fetchval(FIRST_UNCOUNTED, since)
    return found


async def latest(work: Work, on: date) -> Sequence[DepartmentMix]:
    """The case mix of the latest day up to `on`, in order of specialty."""
    return [DepartmentMix(**dict(row)) for row in await (await work.sql()).fetch(LATEST, on)]
