"""Reading a run's figures from the services' APIs and the topics; nothing here counts what the driver did."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.simulator.play.quiet import Reading
from services.simulator.play.suite import Suite
from services.simulator.reading.model import Recording
from services.simulator.report.checks import checked
from services.simulator.report.shapes import (
    BedProposal,
    BedReason,
    Bookings,
    ExamFigures,
    MorningRound,
    Part,
    Queue,
    Rejected,
    Report,
    Seconds,
    SettlementFigures,
    Tasks,
    Totals,
    Waitlist,
)
from services.simulator.report.topics import count_events

F = TypeVar("F", bound=BaseModel)
READER: Final = "back-office"
NURSE: Final = "followup-nurse"
COORDINATOR: Final = "coordinator"
FOLLOWUP: Final = "followup"
PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the report says beside the figures: what was played, how it ended, on what, how long."""

    recording: Recording
    reading: Reading
    morning: Mapping[str, Any]
    kafka: Part
    postgres: Part
    seconds: Seconds


async def read_report(suite: Suite, circumstances: Circumstances) -> Report:
    """The whole report, checks included."""
    recording, reading = circumstances.recording, circumstances.reading
    appointments = await suite.get("registration", "/appointments/summary", role=READER)
    recorded = [count for count in appointments if count["channel"] != FOLLOWUP]
    requests = await suite.get("registration", "/admission-requests/summary", role=READER)
    patients = await suite.get("registration", "/patients/summary", role=READER)
    stays = await suite.get("beds", "/stays/summary", role=COORDINATOR)
    plans = await suite.get("followup", "/plans/summary", role=NURSE)
    tasks = await suite.get("followup", "/tasks/summary", role=NURSE)
    settlements = await _settlements(suite, await _encounters(suite))
    events, dead_letters = await count_events(suite.addresses.kafka)
    report = Report(
        patients=patients["patients"],
        encounters=_by_class(recorded, requests),
        not_covered=dict(recording.not_covered),
        rejected_rows=[Rejected(file=row.file, line=row.line, reason=row.reason) for row in recording.rejected],
        bookings=_bookings(recorded),
        bookings_from_followup=sum(count["booked"] for count in appointments if count["channel"] == FOLLOWUP),
        waitlist=await _summary(suite, "/waitlist/summary", Waitlist),
        queue=await _summary(suite, "/queue/summary", Queue),
        admissions=stays["admissions"],
        bed_days=stays["bed_days"],
        plans_opened=plans["opened"],
        tasks=Tasks(due=tasks["due"], done=tasks["done"]),
        exams=await _summary(suite, "/exam-orders/summary", ExamFigures),
        settlements=settlements,
        totals=_totals(settlements),
        morning_round=_morning_round(circumstances.morning),
        events=events,
        dead_letters=dead_letters + reading.parked,
        outbox_left=reading.outbox,
        consumer_lag=reading.lag,
        checks={},
        kafka=circumstances.kafka,
        postgres=circumstances.postgres,
        seconds=circumstances.seconds,
    )
    return checked(report, recording)


async def _summary(suite: Suite, path: str, figures: type[F]) -> F:
    """What registration says there, as far as the report shows it."""
    said = await suite.get("registration", path, role=READER)
    return figures.model_validate({name: said[name] for name in figures.model_fields})


def _by_class(recorded: list[dict[str, Any]], requests: dict[str, Any]) -> dict[str, int]:
    """Encounters by class: visits by their type, stays by the classes of the encounters that their requests cover."""
    classes = Counter(requests["encounters_by_class"])
    for count in recorded:
        classes[count["visit_type"]] += count["booked"]
    return {name: number for name, number in sorted(classes.items()) if number}


def _bookings(recorded: list[dict[str, Any]]) -> Bookings:
    states = ("booked", "cancelled", "arrived", "completed")
    return Bookings(**{state: sum(count[state] for count in recorded) for state in states})


async def _encounters(suite: Suite) -> dict[str, list[str]]:
    """Stay → the encounters that its admission request covers."""
    covered: dict[str, list[str]] = {}
    after: dict[str, str] = {}
    while True:
        path = "/admission-requests"
        page = await suite.get("registration", path, role=READER, limit=PAGE, **after)
        for request in page["admission_requests"]:
            covered[request["request_id"]] = [one["encounter_id"] for one in request["encounters"]]
        if page["next"] is None:
            return covered
        after = {"after": page["next"]}


async def _settlements(suite: Suite, encounters: dict[str, list[str]]) -> list[SettlementFigures]:
    """Every settlement that the discharge service holds, in the order of their stays' ends."""
    found: list[SettlementFigures] = []
    after: dict[str, str] = {}
    while True:
        page = await suite.get("discharge", "/settlements", role=READER, limit=PAGE, **after)
        for one in page["settlements"]:
            covered = [UUID(encounter) for encounter in encounters[one["stay_id"]]]
            fields = {name: one[name] for name in SettlementFigures.model_fields if name in one}
            fields |= {"encounter_id": one["stay_id"], "encounter_ids": covered}
            found.append(SettlementFigures.model_validate(fields))
        if page["next"] is None:
            return sorted(found, key=lambda one: (one.case["on"], one.encounter_id))
        after = {"after": page["next"]}


def _morning_round(said: Mapping[str, Any]) -> MorningRound:
    placed = said["placed"]
    return MorningRound(
        patients=len(placed) + len(said["unplaced"]),
        placed=len(placed),
        gap=said["gap"],
        policy_version=said["policy_version"],
        proposals=[_bed_proposal(one) for one in placed],
    )


def _bed_proposal(one: Mapping[str, Any]) -> BedProposal:
    same = ("bed_id", "tier", "score", "runner_up_bed_id", "margin", "rival_margin")
    return BedProposal(
        encounter_id=one["id"],
        rival_encounter_id=one["rival_id"],
        terms=[BedReason(name=term["name"], points=term["points"]) for term in one["terms"]],
        concessions=[BedReason(name=lost["rule"], points=lost["cost"]) for lost in one["concessions"]],
        **{name: one[name] for name in same},
    )


def _totals(settlements: list[SettlementFigures]) -> Totals:
    names = Totals.model_fields
    return Totals(**{name: sum(getattr(one, name) for one in settlements) for name in names})
