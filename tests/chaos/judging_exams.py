"""Invariants 1, 2, 7 and 11 for exam plans: all devices of a plan or none, none twice at a time, and what was told.

Each function yields one sentence a violation.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.evidence import Evidence, Row

ORDERS = "/exam-orders"
PLACED = frozenset({"held", "booked", "done"})
USED_AS = {"held": {"held"}, "booked": {"booked", "done"}, "done": {"done"}}
"""How the uses of devices stand, by how their order stands."""
AFTER = {
    "registration.exam-plan-held.v1": {"held"},
    "registration.exam-plan-booked.v1": {"booked"},
    "registration.admission-exams-booked.v1": {"booked"},
    "registration.exam-plan-changed.v1": {"held", "booked"},
    "registration.exam-done.v1": {"booked", "done"},
    "registration.exam-plan-cancelled.v1": {"cancelled", "ordered"},
    "registration.admission-exams-unplanned.v1": {"unplanned"},
}
"""How an order stands by the last that was said of it."""
WITH_A_BED = frozenset({"reserved", "admitted", "left"})
SEEN_TO = frozenset({"booked", "done", "unplanned"})


def plans(evidence: Evidence) -> Iterator[str]:
    """1. A plan has all its devices or none; a device has one patient, and a patient one device, at a time."""
    uses = evidence.by("registration", "exam_use", "order_id")
    for order in evidence.table("registration", "exam_order"):
        yield from _whole(order, uses.get(order["order_id"], []))
    for column, what in (("device_id", "device"), ("patient_id", "patient")):
        for key, rows in evidence.by("registration", "exam_use", column).items():
            spans = sorted((row["during"] for row in rows), key=lambda span: span.lower)
            for before, after in pairwise(spans if key is not None else []):
                if before.upper > after.lower:
                    yield f"{what} {key} has two exams at {after.lower:%d %H:%M}"
    yield from _calendars(evidence)


def _whole(order: Row, uses: list[Row]) -> Iterator[str]:
    """All of its exams are placed, or none; after a cancellation only what was done before."""
    kept = sorted(use["item_code"] for use in uses)
    wanted = sorted(set(order["item_codes"]) - set(order["reused_codes"])) if order["status"] in PLACED else []
    stand = {use["status"] for use in uses}
    if order["status"] == "cancelled":
        if stand - {"done"}:
            yield f"exam order {order['order_id']} is cancelled and still has {kept}"
    elif kept != wanted:
        yield f"exam order {order['order_id']} is {order['status']} and has {kept} of {wanted}"
    elif not stand <= USED_AS.get(order["status"], set()):
        yield f"exam order {order['order_id']} is {order['status']} and its exams are {sorted(stand)}"


def _calendars(evidence: Evidence) -> Iterator[str]:
    """Whatever a device does lies in its week."""
    zone = next((row["zone"] for row in evidence.table("registration", "exam_network")), "UTC")
    weeks = {row["device_id"]: json.loads(row["hours"]) for row in evidence.table("registration", "exam_device")}
    for use in evidence.table("registration", "exam_use"):
        week = weeks.get(use["device_id"], [])
        if use["status"] != "closed" and not any(_within(use["during"], line, ZoneInfo(zone)) for line in week):
            yield f"device {use['device_id']} has an exam at {use['during'].lower:%d %H:%M}, when it is not open"


def _within(during: Any, line: dict[str, int], zone: ZoneInfo) -> bool:
    start = during.lower.astimezone(zone)
    midnight = start.replace(hour=0, minute=0)
    opens, closes = (midnight + timedelta(minutes=line[one]) for one in ("from_minute", "to_minute"))
    return bool(start.isoweekday() == line["weekday"] and opens <= start and during.upper <= closes)


def told(evidence: Evidence) -> Iterator[str]:
    """2. Every order stands as the last answer about it said, with the same exams at the same places."""
    orders = {str(row["order_id"]): row for row in evidence.table("registration", "exam_order")}
    uses = evidence.by("registration", "exam_use", "order_id")
    last = {}
    for command in evidence.asked:
        if command.path.startswith(ORDERS) and command.acknowledged:
            last[command.answer.json["order"]["order_id"]] = command
    for order_id, command in last.items():
        row, said = orders.get(order_id), command.answer.json["order"]
        if row is None:
            yield f"{command.name} was acknowledged and exam order {order_id} does not exist"
        elif not _expired(row, said, evidence.now):
            exams = {(one["item_code"], one["device_id"], _at(one["starts_at"])) for one in said["exams"]}
            kept = {(use["item_code"], use["device_id"], use["during"].lower) for use in uses.get(row["order_id"], [])}
            if row["status"] != said["status"]:
                yield f"{command.name} was told that exam order {order_id} is {said['status']}: it is {row['status']}"
            if exams != kept:
                yield f"{command.name} was told of {len(exams)} exams of order {order_id} that are not those it has"


def _expired(row: Row, said: dict[str, Any], now: datetime | None) -> bool:
    over = said["held_until"] is not None and now is not None and _at(said["held_until"]) <= now
    return over and (said["status"], row["status"]) == ("held", "ordered")


def events(evidence: Evidence) -> Iterator[str]:
    """7. An order stands as the last event about it says; one of which nothing was said has no places."""
    last = {}
    for event in evidence.events():
        if event.aggregate.startswith("registration:exam-order/"):
            last[event.aggregate.partition("/")[2]] = event.type
    for order in evidence.table("registration", "exam_order"):
        said = last.get(str(order["order_id"]))
        if order["status"] not in AFTER.get(said, {"ordered"}):
            yield f"exam order {order['order_id']} is {order['status']} and the last said of it is {said}"


def admissions(evidence: Evidence) -> Iterator[str]:
    """11. Whoever has a bed has the exams that the admission asks for, or somebody is asked to see to it (BED-7)."""
    orders = {row["order_id"]: row for row in evidence.table("registration", "exam_order")}
    phases = {row["stay_id"]: row["phase"] for row in evidence.table("beds", "stay")}
    for request in evidence.table("registration", "admission_request"):
        key, phase = request["request_id"], phases.get(request["request_id"])
        if not request["exams"]:
            continue
        if key not in orders:
            yield f"admission request {key} asks for exams and has no exam order"
        elif phase in WITH_A_BED and orders[key]["status"] not in SEEN_TO:
            yield f"stay {key} is {phase} and its exams are {orders[key]['status']}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
