"""Where stays are kept, and who had which bed when; and the only SQL about them.

Invariant, at every instant past and present: a bed has one patient, a patient one bed, and a single-sex room one sex
(but for named exceptions). Three exclusion constraints hold it whatever the callers do. Sexes are laid out as adjacent
ranges, so that `-|-` is true of F with M and of nothing else; the room's sex policy follows the room by foreign key.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    and_,
    event,
    func,
    not_,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import ExecutableDDLElement
from sqlmodel import Field, col, select

from services.beds.scoring.model import Sex
from services.beds.stays.model import BedUse, Phase, Stay, Summary
from services.beds.tables import Row
from shared.work import Missing, Stale, Work, constraint_name

ONE_PATIENT_A_BED = "one_patient_a_bed"
ONE_BED_A_PATIENT = "one_bed_a_patient"
ONE_SEX_A_ROOM = "one_sex_a_room"
PHASES = ", ".join(f"'{phase}'" for phase in Phase)
SEX_AS_RANGE = "CASE sex WHEN 'F' THEN int4range(0, 1) WHEN 'M' THEN int4range(1, 2) END"
LIVE = text("upper_inf(during)")

RANGE_OF_IDS: ExecutableDDLElement = DDL("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")  # type: ignore[no-untyped-call]
event.listen(Row.metadata, "before_create", RANGE_OF_IDS)


class StayRow(Row, table=True):
    """A stay in its latest version; a finished one is kept for ever."""

    __tablename__ = "stay"
    __table_args__ = (
        CheckConstraint(f"phase IN ({PHASES})", name="stay_phase"),
        CheckConstraint("(phase IN ('admitted', 'left')) = (admitted_at IS NOT NULL)", name="stay_admitted_at"),
        CheckConstraint("(phase = 'left') = (left_at IS NOT NULL)", name="stay_left_at"),
        CheckConstraint("left_at >= admitted_at", name="stay_left_after_admission"),
        CheckConstraint("(left_at IS NULL) = (bed_days IS NULL) AND bed_days >= 1", name="stay_bed_days"),
        CheckConstraint("(overridden_rule IS NULL) = (override_reason IS NULL)", name="stay_override_reason"),
        CheckConstraint("(overridden_rule IS NULL) = (override_by IS NULL)", name="stay_override_by"),
        Index("ix_stay_held_until", "held_until", postgresql_where=text("phase = 'reserved'")),
        Index("ix_stay_patient_id", "patient_id"),
    )

    stay_id: UUID = Field(primary_key=True, foreign_key="admission_request.request_id")
    patient_id: UUID
    bed_id: str = Field(foreign_key="bed.bed_id")
    ward_id: str
    campus_id: str
    specialty: str
    source: str
    sex: str
    phase: str
    reserved_at: datetime = Field(sa_type=DateTime(timezone=True))
    held_until: datetime = Field(sa_type=DateTime(timezone=True))
    admitted_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    left_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    bed_days: int | None
    overridden_rule: str | None
    override_reason: str | None
    override_by: str | None
    care_team: str | None
    previous_bed_id: str | None
    proposed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    discharge_ordered_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    expected_leave_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    leave_undone_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    version: int


class BedUseRow(Row, table=True):
    """A bed kept for a patient, or used by one, from one instant to another; open at the end while it lasts."""

    __tablename__ = "bed_use"
    __table_args__ = (
        ExcludeConstraint((text("int8range(bed_no, bed_no, '[]')"), "&&"), ("during", "&&"), name=ONE_PATIENT_A_BED),
        ExcludeConstraint(
            (text("uuidrange(patient_id, patient_id, '[]')"), "&&"), ("during", "&&"), name=ONE_BED_A_PATIENT
        ),
        ExcludeConstraint(
            (text("int8range(room_no, room_no, '[]')"), "&&"),
            (text(f"({SEX_AS_RANGE})"), "-|-"),
            ("during", "&&"),
            where=text("sex_policy = 'single' AND NOT sex_exception"),
            name=ONE_SEX_A_ROOM,
        ),
        CheckConstraint("sex IN ('F', 'M', 'U')", name="bed_use_sex"),
        CheckConstraint("sex <> 'U' OR sex_policy <> 'single' OR sex_exception", name="bed_use_unknown_sex"),
        ForeignKeyConstraint(
            ["room_no", "sex_policy"],
            ["room.room_no", "room.sex_policy"],
            onupdate="CASCADE",
            name="bed_use_follows_room",
        ),
        Index("one_bed_a_stay", "stay_id", unique=True, postgresql_where=LIVE),
        Index("ix_bed_use_room_no", "room_no", postgresql_where=LIVE),
    )

    use_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    stay_id: UUID = Field(foreign_key="stay.stay_id")
    patient_id: UUID
    bed_no: int = Field(sa_type=BigInteger, foreign_key="bed.bed_no")
    room_no: int = Field(sa_type=BigInteger)
    sex_policy: str
    sex: str
    sex_exception: bool
    during: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))


async def stay(work: Work, stay_id: UUID) -> Stay:
    """The latest version of a stay, or `Missing`."""
    found = await stay_or_none(work, stay_id)
    if found is None:
        raise Missing("stay", stay_id)
    return found


async def stay_or_none(work: Work, stay_id: UUID, *, lock: bool = False) -> Stay | None:
    """The latest version of a stay, locked if wished."""
    query = select(StayRow).where(col(StayRow.stay_id) == stay_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.exec(query)).one_or_none()
    return None if row is None else _stay(row)


async def stays(work: Work, ward_id: str | None, phase: Phase | None, leaving: bool | None, limit: int) -> list[Stay]:
    """Stays, or those of a ward or phase, or who is leaving (or not), the latest reservation first."""
    query = select(StayRow).order_by(col(StayRow.reserved_at).desc(), col(StayRow.stay_id)).limit(limit)
    if ward_id is not None:
        query = query.where(col(StayRow.ward_id) == ward_id)
    if phase is not None:
        query = query.where(col(StayRow.phase) == phase)
    if leaving is not None:
        known = func.coalesce(StayRow.discharge_ordered_at, StayRow.expected_leave_at)
        expected = and_(col(StayRow.phase) == Phase.ADMITTED, known.is_not(None))
        query = query.where(expected if leaving else not_(expected))
    return [_stay(row) for row in await work.session.exec(query)]


async def overdue(work: Work, limit: int) -> list[Stay]:
    """Reservations whose time is over, oldest first; those that another worker has in hand are left to it."""
    expired = and_(col(StayRow.phase) == Phase.RESERVED, col(StayRow.held_until) < work.now)
    query = select(StayRow).where(expired).order_by(col(StayRow.held_until)).limit(limit)
    return [_stay(row) for row in await work.session.exec(query.with_for_update(skip_locked=True))]


async def reserved_for(work: Work, patient_id: UUID) -> list[Stay]:
    """The reservations of a patient, locked."""
    kept = and_(col(StayRow.phase) == Phase.RESERVED, col(StayRow.patient_id) == patient_id)
    return [_stay(row) for row in await work.session.exec(select(StayRow).where(kept).with_for_update())]


async def earliest_hold(work: Work) -> datetime | None:
    """When the first reservation ends."""
    reserved = col(StayRow.phase) == Phase.RESERVED
    return (await work.session.exec(select(func.min(StayRow.held_until)).where(reserved))).one()


async def put(work: Work, new: Stay) -> None:
    """Write a new stay, or the next version of one that has expired. Raises `Stale` when somebody else was first."""
    if new.version > 1:
        await save(work, new)
        return
    added = await work.session.exec(insert(StayRow).values(**asdict(new)).on_conflict_do_nothing())
    if added.rowcount != 1:
        raise Stale("stay", new.stay_id)


async def save(work: Work, changed: Stay) -> None:
    """Write the next version. Raises `Stale` when somebody else wrote it first."""
    previous = and_(col(StayRow.stay_id) == changed.stay_id, col(StayRow.version) == changed.version - 1)
    result = await work.session.exec(update(StayRow).where(previous).values(**asdict(changed)))
    if result.rowcount != 1:
        raise Stale("stay", changed.stay_id)


async def begin_use(work: Work, new: BedUse) -> str | None:
    """Claim a bed. Returns the name of the constraint that refused it, or None."""
    values = asdict(new)
    during = Range(values.pop("since"), None)
    return await work.insert(BedUseRow(**values, during=during))


async def end_use(work: Work, stay_id: UUID, ended_at: datetime) -> None:
    """Give up the stay's bed. A use never ends before it began."""
    began = func.lower(BedUseRow.during)
    own = and_(col(BedUseRow.stay_id) == stay_id, func.upper_inf(BedUseRow.during))
    ended = func.tstzrange(began, func.greatest(began, ended_at))
    await work.session.exec(update(BedUseRow).where(own).values(during=ended))


async def empty_use(work: Work, stay_id: UUID) -> datetime:
    """Let the stay's present use of a bed never have been; when it began."""
    own = and_(col(BedUseRow.stay_id) == stay_id, func.upper_inf(BedUseRow.during))
    began: datetime = (await work.session.exec(select(func.lower(BedUseRow.during)).where(own))).one()
    nothing: Range[datetime] = Range(empty=True)
    await work.session.exec(update(BedUseRow).where(own).values(during=nothing))
    return began


async def reopen_use(work: Work, stay_id: UUID, bed_no: int, ended_at: datetime) -> str | None:
    """Let the stay's last use of a bed, which ended at `ended_at`, go on as if it never had.

    Returns the name of the constraint that refused, or None. A use that ended when it began is empty: it began then.
    """
    own = and_(col(BedUseRow.stay_id) == stay_id, col(BedUseRow.bed_no) == bed_no)
    last = select(func.max(BedUseRow.use_id)).where(own).scalar_subquery()
    during = func.tstzrange(func.coalesce(func.lower(BedUseRow.during), ended_at), None)
    try:
        async with work.session.begin_nested():
            await work.session.exec(update(BedUseRow).where(col(BedUseRow.use_id) == last).values(during=during))
    except IntegrityError as refusal:
        return constraint_name(refusal)
    return None


async def room_sexes(work: Work, room_no: int | None = None) -> dict[int, Sex]:
    """The sex of those who lie or are expected in each room, or in one; U where both do or one is unknown."""
    query = select(BedUseRow.room_no, func.array_agg(col(BedUseRow.sex).distinct())).where(
        func.upper_inf(BedUseRow.during)
    )
    if room_no is not None:
        query = query.where(col(BedUseRow.room_no) == room_no)
    rows = await work.session.exec(query.group_by(col(BedUseRow.room_no)))
    return {number: Sex(sexes[0]) if len(sexes) == 1 else Sex.UNKNOWN for number, sexes in rows}


async def admitted(work: Work) -> list[Stay]:
    """The stays of everybody who lies in a bed."""
    lying = col(StayRow.phase) == Phase.ADMITTED
    return [_stay(row) for row in await work.session.exec(select(StayRow).where(lying))]


async def patients_with_bed(work: Work, patient_ids: Collection[UUID]) -> set[UUID]:
    """Those of the patients who have a bed or a reservation."""
    live = and_(func.upper_inf(BedUseRow.during), col(BedUseRow.patient_id).in_(list(patient_ids)))
    return set(await work.session.exec(select(BedUseRow.patient_id).where(live)))


async def summary(work: Work) -> Summary:
    """How many stays there are and were."""
    phases = await work.session.exec(
        select(StayRow.phase, func.count(), func.coalesce(func.sum(StayRow.bed_days), 0)).group_by(col(StayRow.phase))
    )
    counted = {phase: (number, days) for phase, number, days in phases}
    admitted = col(StayRow.admitted_at).is_not(None)
    sources = await work.session.exec(
        select(StayRow.source, func.count()).where(admitted).group_by(StayRow.source).order_by(StayRow.source)
    )
    by_source = dict(sources.all())
    left, bed_days = counted.get(Phase.LEFT, (0, 0))
    return Summary(
        admissions=sum(by_source.values()),
        by_source=by_source,
        reserved=counted.get(Phase.RESERVED, (0, 0))[0],
        open=counted.get(Phase.ADMITTED, (0, 0))[0],
        left=left,
        bed_days=int(bed_days or 0),
    )


def _stay(row: StayRow) -> Stay:
    return Stay(**{**row.model_dump(), "phase": Phase(row.phase), "sex": Sex(row.sex)})
