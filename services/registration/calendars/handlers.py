"""What can be asked of calendars: a hospital's own go before the one that comes with the suite. The edge commits."""

from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from services.registration.calendars import model, store
from services.registration.calendars.model import Calendar
from shared.decision import Refused
from shared.work import Missing, Work

SHIPPED = "cn"


async def put_calendar(calendar: Calendar, work: Work) -> Calendar | Refused:
    """From now on the calendar is as it is written here. Sessions that are open stay as they are."""
    checked = model.checked(calendar)
    if not isinstance(checked, Refused):
        await store.keep(work, checked)
    return checked


async def calendar(calendar_id: str, work: Work) -> Calendar:
    """The hospital's own calendar of that id, or the one that comes with the suite; `Missing` when there is neither."""
    found = await store.calendar(work, calendar_id)
    if found is not None:
        return found
    if calendar_id == SHIPPED:
        return shipped()
    raise Missing("calendar", calendar_id)


@cache
def shipped() -> Calendar:
    """The public holidays of mainland China that come with the suite (`cn.json`)."""
    text = files("services.registration.calendars").joinpath(f"{SHIPPED}.json").read_text(encoding="utf-8")
    in_file = TypeAdapter(dict[str, object]).validate_json(text)
    return TypeAdapter(Calendar).validate_python({"calendar_id": SHIPPED, **in_file})
