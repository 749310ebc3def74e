"""What can be asked of the case mix: one function a use case. Load, decide, save; the edge commits.

A department's case mix is computed once a day, at the hospital's midnight: a score that moved with every settlement
would move proposals for no reason that a person could see.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.beds.casemix import model, store
from services.beds.casemix.model import DepartmentMix, Known, LoadTable, Plan, Reason, SettledCase, Table
from services.beds.inventory import handlers as inventory
from services.beds.scoring.model import CaseMix, Policies, Policy, day_of
from shared.decision import Refused
from shared.work import Work

TABLE_EXISTS = Refused(reason=Reason.TABLE_EXISTS, remedy="give what has changed a version or a name of its own")
BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


async def load_table(command: LoadTable, work: Work) -> Table | Refused:
    """Keep a table; the next round scores with it where it is in force."""
    number = await store.add_table(work, command)
    if number is None:
        return TABLE_EXISTS
    await inventory.want_round(work)
    return Table(
        table_no=number,
        kind=command.kind,
        name=command.name,
        version=command.version,
        valid_from=command.valid_from,
        codes=len(command.entries),
        loaded_at=work.now,
        loaded_by=command.by,
    )


async def tables(work: Work) -> list[Table]:
    """All tables, the latest first day first."""
    return await store.tables(work)


async def known(plans: Sequence[Plan], at: datetime, work: Work) -> Known:
    """What the tables in force say of these plans' codes."""
    on = day_of(at)
    groups = [(plan.drg_version, plan.drg) for plan in plans]
    return Known(
        weights=await store.weights(work, on, [(version, drg) for version, drg in groups if version and drg]),
        level4=await store.level4(work, on, {plan.procedure_code for plan in plans if plan.procedure_code}),
    )


async def count_settled(case: SettledCase, work: Work) -> None:
    """A stay was settled: it counts in its department's case mix from the next midnight on."""
    await store.put_case(work, case)


async def settled_at(stay_id: UUID, work: Work) -> datetime | None:
    """When a stay was settled, if that has been heard."""
    return await store.settled_at(work, stay_id)


async def case_mix(policy: Policy, work: Work) -> CaseMix:
    """What the score takes from the latest case mix."""
    return model.in_use(await departments(work), policy)


async def departments(work: Work) -> Sequence[DepartmentMix]:
    """The latest case mix of each department."""
    return await store.latest(work, day_of(work.now))


async def next_midnight_with_news(work: Work) -> datetime | None:
    """When the case mix is to be computed: at the midnight after the first stay that no case mix has counted."""
    last = await store.last_day(work)
    first = await store.first_uncounted(work, BEFORE_ALL if last is None else model.midnight(last))
    return None if first is None else model.next_midnight(first)


async def compute(policies: Policies, work: Work) -> int:
    """The case mix of the day that has begun; how many departments it has."""
    as_of = day_of(work.now)
    until = model.midnight(as_of)
    since = until - timedelta(days=policies.at(work.now).case_mix_days)
    return await store.compute(work, as_of, since, until)
