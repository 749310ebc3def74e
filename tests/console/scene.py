"""A hospital on an ordinary afternoon, in events: 799 beds, and one patient from the first booking to follow-up."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from shared.envelope import Origin, caused_by, unseal
from shared.ids import new_id
from shared.inbox import Record
from shared.messages import Event
from shared.messages.beds.allocation import BedProposed
from shared.messages.beds.inventory import BedState
from shared.messages.beds.requests import AdmissionQueued
from shared.messages.beds.stays import BedReleased, BedReserved, PatientAdmitted
from shared.messages.discharge.accounts import AccountOpened, ChargePosted, DepositReceived
from shared.messages.discharge.clearance import DischargeOrdered, PatientLeft
from shared.messages.discharge.settlement import Presettled, Refunded, Settled, SettlementConfirmed
from shared.messages.followup.plans import PlanOpened, TaskDue
from shared.messages.followup.visits import VisitRequested
from shared.messages.followup.worklist import TaskCompleted
from shared.messages.registration.admissions import AdmissionRequested
from shared.messages.registration.arrivals import PatientArrived, VisitCompleted
from shared.messages.registration.booking import AppointmentBooked, SlotHeld
from shared.messages.registration.patients import PatientRegistered
from tests.support.service import record_of

HOSPITAL = Path(__file__).resolve().parents[2] / "services" / "simulator" / "hospital"
AFTERNOON = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
STATES = ("O",) * 86 + ("U",) * 6 + ("R",) * 3 + ("H",) * 3 + ("K", "I")
PATIENT = UUID("0198c7d2-5b1e-7a44-9f0e-3f6a4d1c8b27")
ITEMS = ("A0110", "A0427", "B1203", "C0021", "XN02B", "ZA06A")


@dataclass
class Scene:
    """Records in the order they were said. `say` returns the event's id, to be the cause of the next."""

    records: list[Record] = field(default_factory=list)
    at: datetime = AFTERNOON

    def say(self, event: Event, *, cause: UUID | None = None, command: str | None = None) -> UUID:
        """An event brought about by another, by a command, or by time alone."""
        causation = str(cause) if cause else f"command:{command}" if command else None
        if causation is None:
            record = record_of(event, self.at)
        else:
            with caused_by(Origin(correlation_id="c-1", causation_id=causation)):
                record = record_of(event, self.at)
        self.records.append(record)
        return unseal(record.headers).event_id

    def later(self, **delta: float) -> None:
        """Time goes on."""
        self.at += timedelta(**delta)


def all_beds(seed: int = 7, at: datetime = AFTERNOON) -> list[Record]:
    """Every bed of the sample hospital, most of them occupied."""
    chance = random.Random(seed)  # noqa: S311 - a scene, not a secret
    scene = Scene(at=at)
    with (HOSPITAL / "beds.csv").open() as file:
        for row in csv.DictReader(file):
            state = chance.choice(STATES)
            state = "C" if chance.random() < 0.006 else state
            taken = state in {"O", "R", "I"}
            place = f"{row['campus']}/{row['ward']}/{row['room']}"
            bed = bed_state(f"{place}/{row['bed']}", state, new_id() if taken else None, at=at)
            scene.say(bed, command=f"import-{place}-{row['bed']}")
    return scene.records


def bed_state(bed_id: str, state: str, patient_id: UUID | None, version: int = 1, at: datetime = AFTERNOON) -> Event:
    """A bed as it stands; `R` is a free bed that is reserved."""
    campus, ward, room, _ = bed_id.split("/")
    return BedState(
        bed_id=bed_id,
        campus_id=campus,
        ward_id=ward,
        room_id=f"{campus}/{ward}/{room}",
        status="U" if state == "R" else state,
        reserved=state == "R",
        stay_id=patient_id,
        patient_id=patient_id,
        changed_at=at,
        aggregate_version=version,
    )


def whole_journey(patient_id: UUID = PATIENT) -> list[Record]:
    """One patient: two visits, a stay with its charges and settlement, and the follow-up of it."""
    scene = Scene(at=AFTERNOON - timedelta(days=41, hours=3))
    registered = PatientRegistered(
        patient_id=patient_id,
        sex="F",
        birth_month=date(1961, 5, 1),
        insutype="310",
        retired=True,
        low_income=False,
        registered_at=scene.at,
        aggregate_version=1,
    )
    scene.say(registered, command="register-1")
    for visit in range(2):
        _visit(scene, patient_id, f"visit-{visit}")
        scene.later(days=9)
    stay_id = _admission(scene, patient_id)
    left = _settlement(scene, patient_id, stay_id)
    _follow_up(scene, patient_id, stay_id, left)
    return scene.records


def _visit(scene: Scene, patient_id: UUID, name: str) -> None:
    appointment_id, session_id = new_id(), new_id()
    slot_at = scene.at + timedelta(days=3)
    ids = {"appointment_id": appointment_id, "patient_id": patient_id, "session_id": session_id}
    held_until = scene.at + timedelta(minutes=5)
    held = SlotHeld(**ids, slot_starts_at=slot_at, held_until=held_until, aggregate_version=1)
    scene.say(held, command=f"{name}-hold")
    scene.later(minutes=2)
    booked = AppointmentBooked(
        **ids,
        clinic_id="main-cardiology-1",
        slot_starts_at=slot_at,
        visit_type="ambulatory",
        channel="app",
        aggregate_version=2,
    )
    scene.say(booked, command=f"{name}-confirm")
    scene.at = slot_at - timedelta(minutes=11)
    arrived = PatientArrived(**ids, arrived_at=scene.at, aggregate_version=3)
    scene.say(arrived, command=f"{name}-arrive")
    scene.later(minutes=38)
    completed = VisitCompleted(**ids, completed_at=scene.at, aggregate_version=4)
    scene.say(completed, command=f"{name}-complete")


def _admission(scene: Scene, patient_id: UUID) -> UUID:
    stay_id = new_id()
    wanted = scene.say(admission_requested(stay_id, patient_id, scene.at), command="admission")
    scene.later(seconds=2)
    queued = AdmissionQueued(
        request_id=stay_id,
        patient_id=patient_id,
        specialty="cardiology",
        campus_id="main",
        tier=1,
        queued_at=scene.at,
        aggregate_version=1,
    )
    scene.say(queued, cause=wanted)
    scene.later(minutes=1)
    proposed = BedProposed(
        request_id=stay_id,
        patient_id=patient_id,
        bed_id="main/M-CA/05/2",
        ward_id="M-CA",
        score=61.4,
        policy_version="default-1",
        proposed_at=scene.at,
        aggregate_version=2,
    )
    scene.say(proposed)
    scene.later(minutes=12)
    stay = {"stay_id": stay_id, "patient_id": patient_id, "bed_id": "main/M-CA/05/2", "ward_id": "M-CA"}
    held_until = scene.at + timedelta(hours=4)
    reserved = BedReserved(**stay, campus_id="main", held_until=held_until, aggregate_version=1)
    scene.say(reserved, command="accept")
    scene.later(hours=2)
    admitted = PatientAdmitted(
        **stay, campus_id="main", specialty="cardiology", source="clinic", admitted_at=scene.at, aggregate_version=2
    )
    opened = AccountOpened(stay_id=stay_id, patient_id=patient_id, opened_at=scene.at, aggregate_version=1)
    scene.say(opened, cause=scene.say(admitted, command="admit"))
    return stay_id


def admission_requested(stay_id: UUID, patient_id: UUID, at: datetime) -> Event:
    """An admission request as a clinic writes it."""
    return AdmissionRequested(
        request_id=stay_id,
        patient_id=patient_id,
        source="clinic",
        specialty="cardiology",
        campus_id="main",
        reachable_campuses=("main", "north"),
        sex="F",
        age_years=64,
        triage=None,
        admission_class="B",
        immediate=False,
        diagnosis_code=None,
        procedure_code=None,
        drg=None,
        drg_version=None,
        rw=None,
        level4=False,
        department_cmi=1.2,
        social_points=0.0,
        needs=(),
        isolation="none",
        expected_days=5,
        requested_at=at,
        aggregate_version=1,
    )


def _settlement(scene: Scene, patient_id: UUID, stay_id: UUID) -> UUID:
    account = {"stay_id": stay_id, "patient_id": patient_id}
    version = count(2)
    deposit_id, settlement_id = new_id(), new_id()
    deposit = DepositReceived(
        **account,
        payment_id=deposit_id,
        amount_fen=800_000,
        channel="wechat",
        received_at=scene.at,
        aggregate_version=next(version),
    )
    scene.say(deposit, command="deposit")
    for charge in charges(stay_id, patient_id, version, scene):
        scene.say(charge, command=f"charge-{charge.charge_id}")
    scene.later(hours=3)
    ordered = DischargeOrdered(
        **account, disposition="home", blockers=(), ordered_at=scene.at, aggregate_version=next(version)
    )
    scene.say(ordered, command="order")
    scene.later(minutes=4)
    presettled = Presettled(
        **account,
        settlement_id=settlement_id,
        snapshot="9f2c",
        lines_total_fen=1_284_350,
        fund_pay_fen=1_034_210,
        patient_pay_fen=250_140,
        presettled_at=scene.at,
        aggregate_version=next(version),
    )
    scene.say(presettled, command="presettle")
    confirmed = SettlementConfirmed(
        **account,
        settlement_id=settlement_id,
        snapshot="9f2c",
        confirmed_at=scene.at,
        aggregate_version=next(version),
    )
    scene.say(confirmed, command="confirm")
    settled = Settled(
        **account,
        settlement_id=settlement_id,
        pack="beijing-employee",
        pack_version="2026-01",
        lines_total_fen=1_284_350,
        in_scope_fen=1_201_000,
        fund_pay_fen=1_034_210,
        patient_pay_fen=250_140,
        account_pay_fen=120_000,
        cash_fen=130_140,
        settled_at=scene.at,
        aggregate_version=next(version),
    )
    done = scene.say(settled, command="confirm")
    refunded = Refunded(
        **account,
        settlement_id=settlement_id,
        payment_id=deposit_id,
        amount_fen=669_860,
        channel="wechat",
        refunded_at=scene.at,
        aggregate_version=next(version),
    )
    scene.say(refunded, cause=done)
    scene.later(minutes=35)
    left = PatientLeft(**account, disposition="home", left_at=scene.at, aggregate_version=next(version))
    return scene.say(left, command="leave")


def charges(stay_id: UUID, patient_id: UUID, version: Iterator[int], scene: Scene) -> Iterator[ChargePosted]:
    """Thirty-eight lines over four days."""
    for number in range(38):
        scene.later(hours=2.5)
        yield ChargePosted(
            stay_id=stay_id,
            patient_id=patient_id,
            charge_id=new_id(),
            item_code=ITEMS[number % len(ITEMS)],
            line_class=f"0{number % 3 + 1}",
            amount_fen=12_345 + 1_113 * number,
            posted_at=scene.at,
            aggregate_version=next(version),
        )


def _follow_up(scene: Scene, patient_id: UUID, stay_id: UUID, left: UUID) -> None:
    scene.later(seconds=1)
    released = BedReleased(
        stay_id=stay_id,
        patient_id=patient_id,
        bed_id="main/M-CA/05/2",
        ward_id="M-CA",
        released_at=scene.at,
        aggregate_version=3,
    )
    scene.say(released, cause=left)
    plan = {"plan_id": new_id(), "patient_id": patient_id}
    opened = PlanOpened(
        **plan,
        stay_id=stay_id,
        template="after-cardiology",
        template_version="1",
        opened_at=scene.at,
        aggregate_version=1,
    )
    scene.say(opened, cause=left)
    scene.at = AFTERNOON - timedelta(minutes=90)
    task_id = new_id()
    due = TaskDue(**plan, task_id=task_id, step="day-7-call", due_at=scene.at, aggregate_version=2)
    scene.say(due)
    scene.later(minutes=70)
    completed = TaskCompleted(**plan, task_id=task_id, outcome="worse", completed_at=scene.at, aggregate_version=3)
    scene.say(completed, command="attempt")
    wish = VisitRequested(
        **plan,
        visit_request_id=new_id(),
        clinic_id="main-cardiology-1",
        earliest_on=scene.at.date(),
        latest_on=scene.at.date() + timedelta(days=3),
        reason="poor-answer",
        aggregate_version=4,
    )
    asked = scene.say(wish, command="attempt")
    booked = AppointmentBooked(
        appointment_id=new_id(),
        patient_id=patient_id,
        session_id=new_id(),
        clinic_id="main-cardiology-1",
        slot_starts_at=scene.at + timedelta(days=1),
        visit_type="followup",
        channel="followup",
        aggregate_version=1,
    )
    scene.say(booked, cause=asked)


def afternoon_of_others(seed: int = 3) -> list[Record]:
    """What else happened today: arrivals, settlements, plans and waiting patients of many others."""
    chance = random.Random(seed)  # noqa: S311 - a scene, not a secret
    scene = Scene(at=AFTERNOON - timedelta(minutes=44))
    for number in range(60):
        scene.later(seconds=44)
        patient_id = new_id()
        if number % 4 == 0:
            queued = AdmissionQueued(
                request_id=new_id(),
                patient_id=patient_id,
                specialty=chance.choice(("cardiology", "oncology", "general-surgery")),
                campus_id="main",
                tier=1,
                queued_at=scene.at,
                aggregate_version=1,
            )
            scene.say(queued, command=f"q{number}")
        elif number % 9 == 2:
            opened = PlanOpened(
                plan_id=new_id(),
                patient_id=patient_id,
                stay_id=new_id(),
                template="default",
                template_version="1",
                opened_at=scene.at,
                aggregate_version=1,
            )
            scene.say(opened, command=f"p{number}")
        elif number % 5 == 1:
            received = DepositReceived(
                stay_id=new_id(),
                patient_id=patient_id,
                payment_id=new_id(),
                amount_fen=500_000,
                channel=chance.choice(("wechat", "alipay", "card")),
                received_at=scene.at,
                aggregate_version=1,
            )
            scene.say(received, command=f"d{number}")
        else:
            arrived = PatientArrived(
                appointment_id=new_id(),
                patient_id=patient_id,
                session_id=new_id(),
                arrived_at=scene.at,
                aggregate_version=3,
            )
            scene.say(arrived, command=f"a{number}")
    return scene.records
