"""The HTTP side of the indicators: parse, authorise, run the handler, answer. No rule lives here."""

from datetime import date
from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.beds.indicators import handlers, model
from services.beds.indicators.model import Arrangement, Asked, BadRange, Bounds, By, Each, Indicators, Line
from services.beds.settings import CurrentPolicy
from shared.auth import Role, may
from shared.http import REFUSALS, QueryRunner
from shared.problem import problem

router = APIRouter(prefix="/indicators", tags=["indicators"], responses=REFUSALS)

READERS = (Role.COORDINATOR, Role.WARD_NURSE, Role.BACK_OFFICE, Role.VIEWER, Role.OPERATOR, Role.SYSTEM)


class SpreadView(BaseModel):
    """How a time is spread over those whom it happened to."""

    count: int
    median_hours: float
    p90_hours: float
    max_hours: float
    median_ratio: float | None = Field(None, description="r: median over the longest wait that the policy allows")
    max_ratio: float | None = Field(None, description="r of whoever waited longest; above 1 is overdue")


class LineView(BaseModel):
    """One ward, campus or the total, over the range or on one day. A share of nothing is null."""

    group_id: str
    on_day: date | None = Field(description="null: the whole range")
    days: int = Field(description="days of the range on which something was counted")
    admissions: int = Field(description="arrivals in a reserved bed")
    cross_ward: int = Field(description="admissions into a bed of another specialty")
    cross_ward_share: float | None
    cross_campus: int = Field(description="admissions on another campus than was asked for")
    cross_campus_share: float | None
    rw_above_2_share: float | None = Field(description="admissions with RW above 2, of those whose RW is known")
    rw_unknown: int
    bed_days_used: float = Field(description="time that beds were occupied, in days; exact over midnight")
    open_bed_days: float = Field(description="time that beds were not closed, in days")
    occupancy: float | None = Field(description="bed_days_used / open_bed_days")
    midnight_census: int = Field(description="occupied beds at each day's end, added up (实际占用总床日)")
    open_at_midnight: int = Field(description="beds not closed at each day's end, added up (实际开放总床日)")
    waiting: dict[str, SpreadView] = Field(description="request to arrival in the bed, by urgency, of those admitted")
    boarding: SpreadView | None = Field(description="emergency request to arrival in the bed")
    cleaning: SpreadView | None = Field(description="bed left to bed clean")
    disease_days: int | None = Field(description="diseases (ICD-10 category) asked for, each counted once a day")
    same_day_cleared_share: float | None = Field(
        description="disease-days on which every request had a bed before the day was over; null for wards"
    )


class ArrangementView(BaseModel):
    """Erlang C for one way of sharing the open beds."""

    name: str
    groups: int
    beds: int
    occupancy: float
    wait_hours: float | None = Field(description="mean wait of everybody; null where the queue would only grow")


class BoundsView(BaseModel):
    """What the beds that are open now could do with the arrivals and stays of the range."""

    stay_hours: float
    arrivals_a_day: float
    arrangements: list[ArrangementView]


class PoolView(BaseModel):
    """Who takes part in the pool now. A department is pooled when an open bed of its own takes another specialty."""

    departments: int
    pooled_departments: int
    pooled_share: float | None


class IndicatorsView(BaseModel):
    """The pool's indicators. The running day is counted up to now."""

    from_on: date
    to_on: date
    closed_through_on: date | None = Field(description="the last day that is counted for good")
    lines: list[LineView]
    still_waiting: dict[str, SpreadView] = Field(description="those who wait now, by urgency: time waited so far")
    pool: PoolView
    bounds: BoundsView | None = Field(description="Erlang C beside it; null where nobody came")
    published: dict[str, float] = Field(description="what others have reached, for comparison")


@router.get("", response_model=IndicatorsView, dependencies=[may(*READERS)])
async def indicators(
    queries: QueryRunner,
    policy: CurrentPolicy,
    from_on: Annotated[date, Query(description="first day, by the hospital's clock")],
    to_on: Annotated[date, Query(description="last day, today at the latest")],
    by: By = By.TOTAL,
    each: Annotated[Each, Query(description="day: one line a day, for at most 93 days")] = Each.RANGE,
) -> Response | IndicatorsView:
    """Waiting, occupancy, cross-ward share and the rest, by ward, campus or in total."""
    try:
        found = await queries.run(handlers.indicators, Asked(from_on=from_on, to_on=to_on, by=by, each=each), policy)
    except BadRange as bad:
        fields = [{"field": bad.field, "reason": bad.reason, "remedy": bad.remedy}]
        return problem(422, "invalid-input", "These days cannot be asked for", remedy=bad.remedy, fields=fields)
    return _view(found)


def _view(found: Indicators) -> IndicatorsView:
    pool = PoolView(
        departments=found.departments,
        pooled_departments=found.pooled_departments,
        pooled_share=model.share(found.pooled_departments, found.departments),
    )
    return IndicatorsView(
        from_on=found.asked.from_on,
        to_on=found.asked.to_on,
        closed_through_on=found.closed_through_on,
        lines=[_line(line) for line in found.lines],
        still_waiting={
            key: SpreadView.model_validate(one, from_attributes=True) for key, one in found.still_waiting.items()
        },
        pool=pool,
        bounds=None if found.bounds is None else _bounds(found.bounds),
        published=model.PUBLISHED,
    )


def _line(line: Line) -> LineView:
    sums, diseases = line.sums, line.diseases
    return LineView(
        group_id=line.group_id,
        on_day=line.on_day,
        days=sums.days,
        admissions=sums.admissions,
        cross_ward=sums.cross_ward,
        cross_ward_share=model.share(sums.cross_ward, sums.admissions),
        cross_campus=sums.cross_campus,
        cross_campus_share=model.share(sums.cross_campus, sums.admissions),
        rw_above_2_share=model.share(sums.rw_above_2, sums.rw_known),
        rw_unknown=sums.admissions - sums.rw_known,
        bed_days_used=sums.occupied / model.MICROSECONDS_A_DAY,
        open_bed_days=sums.open / model.MICROSECONDS_A_DAY,
        occupancy=model.share(sums.occupied, sums.open),
        midnight_census=sums.midnight_census,
        open_at_midnight=sums.open_at_midnight,
        waiting={key: SpreadView.model_validate(one, from_attributes=True) for key, one in line.waiting.items()},
        boarding=line.boarding and SpreadView.model_validate(line.boarding, from_attributes=True),
        cleaning=line.cleaning and SpreadView.model_validate(line.cleaning, from_attributes=True),
        disease_days=diseases and diseases.disease_days,
        same_day_cleared_share=diseases and model.share(diseases.cleared, diseases.disease_days),
    )


def _bounds(bounds: Bounds) -> BoundsView:
    return BoundsView(
        stay_hours=bounds.stay_hours,
        arrivals_a_day=bounds.arrivals_a_day,
        arrangements=[_arrangement(one) for one in bounds.arrangements],
    )


def _arrangement(one: Arrangement) -> ArrangementView:
    return ArrangementView(
        name=one.name,
        groups=one.groups,
        beds=one.beds,
        occupancy=one.load / one.beds if one.beds else 0.0,
        wait_hours=one.wait_hours if isfinite(one.wait_hours) else None,
    )
