"""Where exam orders and the use of devices are kept, and the only SQL about them.

Invariant: all exams of a plan are written by one statement, or none is.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from services.registration.examcatalogue.model import ExamDevice
from services.registration.exams.model import Closure, DeviceUse, ExamOrder, ExamStatus, PlacedExam, Reason, Status
from services.registration.exams.rows import CLOSED, ONE_EXAM_A_DEVICE, ONE_PLACE_A_PATIENT, ExamOrderRow, ExamUseRow
from shared.work import Missing, Stale, Work, constraint_name

CONFLICTS = {
    ONE_EXAM_A_DEVICE: Reason.PLACES_TAKEN,
    ONE_PLACE_A_PATIENT: Reason.PLACES_TAKEN,
    "exam_order_pkey": Reason.ORDER_EXISTS,
}
COUNT = """
SELECT count(visits) FILTER (WHERE status IN ('booked', 'done')) AS orders,
    coalesce(sum(visits) FILTER (WHERE status IN ('booked', 'done')), 0) AS visits,
    coalesce(sum(visits) FILTER (WHERE status IN ('booked', 'done') AND visits_one_by_one IS NOT NULL), 0)
        AS visits_compared,
    coalesce(sum(visits_one_by_one) FILTER (WHERE status IN ('booked', 'done')), 0) AS visits_one_by_one,
    count(*) FILTER (WHERE status = 'unplanned') AS unplanned,
    (SELECT count(*) FROM exam_use WHERE status IN ('booked', 'done')) AS exams,
    (SELECT count(*) FROM exam_use WHERE status = 'done') AS done
FROM exam_order
"""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('exam calendars'))"
TAKEN = """
SELECT device_id, lower(during) AS starts_at, upper(during) AS ends_at
FROM unnest($1::bigint[]) AS wanted (device_no) JOIN exam_use ON
    int8range(exam_use.device_no, exam_use.device_no, '[]') && int8range(wanted.device_no, wanted.device_no, '[]')
    AND during && tstzrange($2, $3)
WHERE order_id IS DISTINCT FROM $4 ORDER BY lower(during)
"""
"""Asked as the exclusion constraints are: their indexes find these days' rows, however many years lie before."""
PATIENTS = """
SELECT item_code, device_id, campus_id, reading_campus_id, status, lower(during) AS starts_at, upper(during) AS ends_at
FROM exam_use
WHERE patient_id IS NOT NULL AND uuidrange(patient_id, patient_id, '[]') && uuidrange($1, $1, '[]')
    AND during && tstzrange($2, $3) AND order_id IS DISTINCT FROM $4 ORDER BY lower(during)
"""

USES = """
SELECT lower(during) AS starts_at, upper(during) AS ends_at, status, order_id, patient_id, item_code FROM exam_use
WHERE int8range(device_no, device_no, '[]') && int8range($1, $1, '[]') AND during && tstzrange($2, $3)
ORDER BY lower(during)
"""
REOPEN = """
WITH closed AS (
    DELETE FROM exam_use
    WHERE int8range(device_no, device_no, '[]') && int8range($1, $1, '[]') AND during && tstzrange($2, $3)
        AND status = 'closed'
    RETURNING *
), kept AS (
    INSERT INTO exam_use (device_id, device_no, campus_id, reading_campus_id, during, status)
    SELECT device_id, device_no, campus_id, reading_campus_id,
        unnest(tstzmultirange(during) - tstzmultirange(tstzrange($2, $3))), status
    FROM closed
)
SELECT count(*) FROM closed
"""


async def one_at_a_time(work: Work) -> None:
    """Let whoever writes calendars and orders end first. Everybody comes here before locking anything of either."""
    await (await work.sql()).execute(ONE_AT_A_TIME)


async def order(work: Work, order_id: UUID) -> ExamOrder:
    """The latest version of an order with its exams, or `Missing`."""
    found = await order_or_none(work, order_id)
    if found is None:
        raise Missing("exam-order", order_id)
    return found


async def order_or_none(work: Work, order_id: UUID) -> ExamOrder | None:
    """The same, or None."""
    query = select(ExamOrderRow).where(col(ExamOrderRow.order_id) == order_id)
    rows = list(await work.session.exec(query.execution_options(populate_existing=True)))
    return (await _orders(work, rows))[0] if rows else None


async def orders(
    work: Work, patient_id: UUID | None, status: Status | None, after: UUID | None, limit: int
) -> list[ExamOrder]:
    """A page of orders by id."""
    query = select(ExamOrderRow).order_by(col(ExamOrderRow.order_id)).limit(limit)
    if patient_id is not None:
        query = query.where(col(ExamOrderRow.patient_id) == patient_id)
    if status is not None:
        query = query.where(col(ExamOrderRow.status) == status)
    if after is not None:
        query = query.where(col(ExamOrderRow.order_id) > after)
    return await _orders(work, list(await work.session.exec(query)))


async def unfinished_of(work: Work, patient_id: UUID) -> list[ExamOrder]:
    """The patient's orders that are neither done nor cancelled."""
    mine = col(ExamOrderRow.patient_id) == patient_id
    going = col(ExamOrderRow.status).not_in((Status.DONE, Status.CANCELLED))
    query = select(ExamOrderRow).where(mine, going).order_by(col(ExamOrderRow.order_id))
    return await _orders(work, list(await work.session.exec(query)))


async def overdue(work: Work, limit: int) -> list[ExamOrder]:
    """Holds whose time is over, oldest first."""
    over = (col(ExamOrderRow.status) == Status.HELD) & (col(ExamOrderRow.held_until) <= work.now)
    query = select(ExamOrderRow).where(over).order_by(col(ExamOrderRow.held_until)).limit(limit)
    return await _orders(work, list(await work.session.exec(query)))


async def next_hold_ends_at(work: Work) -> datetime | None:
    """When the earliest hold is over; None without holds."""
    query = select(func.min(ExamOrderRow.held_until)).where(col(ExamOrderRow.status) == Status.HELD)
    return (await work.session.exec(query)).one()


async def counts(work: Work) -> dict[str, int]:
    """Orders that have a plan, its visits and those that one by one would have taken, exams, and what has no place."""
    return dict(await (await work.sql()).fetchrow(COUNT))


async def taken(
    work: Work, devices: Collection[ExamDevice], from_at: datetime, to_at: datetime, but: UUID
) -> dict[str, list[tuple[datetime, datetime]]]:
    """When these devices are in use, but for the order `but`; in order of time."""
    found: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in await (await work.sql()).fetch(TAKEN, [one.device_no for one in devices], from_at, to_at, but):
        found[row["device_id"]].append((row["starts_at"], row["ends_at"]))
    return found


async def patients_exams(
    work: Work, patient_id: UUID, from_at: datetime, to_at: datetime, but: UUID
) -> list[PlacedExam]:
    """The patient's exams of other orders than `but`, done or not; in order of time."""
    rows = await (await work.sql()).fetch(PATIENTS, patient_id, from_at, to_at, but)
    return [PlacedExam(**{**row, "status": ExamStatus(row["status"])}) for row in rows]


async def add(work: Work, new: ExamOrder) -> Reason | None:
    """Write a new order. Returns why it cannot be, or None."""
    constraint = await work.insert(ExamOrderRow(**_values(new)))
    return None if constraint is None else CONFLICTS[constraint]


async def save(work: Work, before: ExamOrder, after: ExamOrder) -> None:
    """Write an order over what was read of it. Raises `Stale` when somebody else wrote it first."""
    unchanged = (
        (col(ExamOrderRow.order_id) == before.order_id)
        & (col(ExamOrderRow.version) == before.version)
        & (col(ExamOrderRow.status) == before.status)
        & (col(ExamOrderRow.reused_codes) == list(before.reused_codes))
    )
    result = await work.session.exec(update(ExamOrderRow).where(unchanged).values(**_values(after)))
    if result.rowcount != 1:
        raise Stale("exam-order", after.order_id)


async def keep(work: Work, order: ExamOrder, numbers: dict[str, int]) -> Reason | None:
    """Let the order have exactly its exams, all or none. Returns why it cannot, or None."""
    rows = [_use(order, one, numbers[one.device_id]) for one in order.exams]
    try:
        async with work.session.begin_nested():
            await work.session.exec(delete(ExamUseRow).where(col(ExamUseRow.order_id) == order.order_id))
            if rows:
                await work.session.exec(insert(ExamUseRow).values(rows))
    except IntegrityError as refusal:
        return CONFLICTS[constraint_name(refusal)]
    return None


async def uses(work: Work, device: ExamDevice, from_at: datetime, to_at: datetime) -> list[DeviceUse]:
    """What is on the device's calendar between these instants, in order of time."""
    return [DeviceUse(**row) for row in await (await work.sql()).fetch(USES, device.device_no, from_at, to_at)]


async def close(work: Work, closure: Closure, device: ExamDevice) -> bool:
    """Take a device out of use. False where something is booked on it, or it is closed already."""
    row = ExamUseRow(
        order_id=None,
        patient_id=None,
        item_code=None,
        device_id=closure.device_id,
        device_no=device.device_no,
        campus_id=device.campus_id,
        reading_campus_id=device.campus_id,
        during=Range(closure.from_at, closure.to_at),
        status=CLOSED,
    )
    return await work.insert(row) is None


async def reopen(work: Work, time: Closure, device: ExamDevice) -> bool:
    """Cut a time out of the device's closures. False where it was not closed in it."""
    return bool(await (await work.sql()).fetchval(REOPEN, device.device_no, time.from_at, time.to_at))


def _values(order: ExamOrder) -> dict[str, Any]:
    values = {one.name: getattr(order, one.name) for one in fields(order) if one.name != "exams"}
    windows = [[start.isoformat(), end.isoformat()] for start, end in order.windows]
    return values | {"status": order.status.value, "windows": windows}


def _use(order: ExamOrder, exam: PlacedExam, device_no: int) -> dict[str, Any]:
    values = asdict(exam)
    during = Range(values.pop("starts_at"), values.pop("ends_at"))
    return values | {
        "order_id": order.order_id,
        "patient_id": order.patient_id,
        "device_no": device_no,
        "during": during,
        "status": exam.status.value,
    }


async def _orders(work: Work, rows: Sequence[ExamOrderRow]) -> list[ExamOrder]:
    """The rows as the rules see them, each with its exams in order of time."""
    mine = col(ExamUseRow.order_id).in_([row.order_id for row in rows])
    query = select(ExamUseRow).where(mine).order_by(func.lower(ExamUseRow.during))
    exams: defaultdict[UUID | None, list[PlacedExam]] = defaultdict(list)
    for one in await work.session.exec(query.execution_options(populate_existing=True)):
        exams[one.order_id].append(_placed(one))
    return [
        ExamOrder(
            **row.model_dump()
            | {name: tuple(getattr(row, name)) for name in ("item_codes", "reused_codes", "conditions", "campus_ids")}
            | {
                "windows": tuple((_at(start), _at(end)) for start, end in row.windows),
                "status": Status(row.status),
                "exams": tuple(exams[row.order_id]),
            }
        )
        for row in rows
    ]


def _placed(row: ExamUseRow) -> PlacedExam:
    if row.item_code is None or row.during.lower is None or row.during.upper is None:
        raise ValueError("an exam of an order has its item and an end")
    return PlacedExam(
        item_code=row.item_code,
        device_id=row.device_id,
        campus_id=row.campus_id,
        reading_campus_id=row.reading_campus_id,
        starts_at=row.during.lower,
        ends_at=row.during.upper,
        status=ExamStatus(row.status),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
