"""P8: settling a stay of 500 fee lines: the calculator alone, and the pre-settle call without the centre's time."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from statistics import median
from time import perf_counter
from uuid import UUID

import httpx

from services.discharge.app import SERVICE
from services.discharge.settlement import case_file, packs
from services.discharge.settlement.calculate import calculate
from services.simulator.app import SERVICE as CENTRE
from shared.clock import SystemClock, wall_now
from shared.database import Database, engine_for
from shared.effects import Effects
from shared.ids import new_id
from shared.messages.beds.stays import PatientAdmitted
from shared.messages.registration.patients import PatientRegistered
from shared.migrating import migrate
from shared.telemetry import Telemetry
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench, run
from tests.bench.rows.footprint import cpu_seconds
from tests.bench.service import Running, service, tokens
from tests.support.service import record_of

LINES = 500
STAYS = 12
CALCULATIONS = 50
PATIENCE_SECONDS = 60
CENTRE_SECONDS = re.compile(rb'^journey_request_seconds_sum\{[^}]*route="/fsi[^}]*\} (\S+)$', re.MULTILINE)


def measure(bench: Bench) -> Iterator[Row]:
    """P8."""
    yield Row(
        id="P8.calculator", what=f"calculator, {LINES} lines", value=calculator_ms(), unit="ms", runs=CALCULATIONS,
        target="value <= 5",
    )  # fmt: skip
    calls = presettled(bench)
    yield Row(
        id="P8.presettle", what=f"pre-settle call, {LINES} lines, without the centre's time, p99", unit="ms",
        value=percentile([ms for ms, _ in calls], 99), cpu_us=median(cpu for _, cpu in calls), runs=len(calls),
        target="value <= 100",
    )  # fmt: skip


def calculator_ms() -> float:
    """The median time of a case of all three line classes."""
    case = case_file.validate(
        {
            "pack": "beijing-employee", "on": "2026-03-01", "hospital_level": 3, "admission_number": 1,
            "person": {"retired": False, "low_income": False}, "referral": None,
            "year_to_date": {
                "hifp_pay_fen": 0, "hifob_pay_fen": 0, "compliant_burden_fen": 0, "maf_pay_fen": 0
            },
            "account_balance_fen": 200_000, "lines": [_case_line(number) for number in range(LINES)],
        }
    )  # fmt: skip
    pack = packs.load(case.pack, case.on)
    seconds = []
    for _ in range(CALCULATIONS):
        began = perf_counter()
        calculate(case, pack)
        seconds.append(perf_counter() - began)
    return median(seconds) * 1000


def presettled(bench: Bench) -> list[tuple[float, float]]:
    """The first pre-settle call of so many stays: milliseconds less the centre's, and CPU µs of discharge alone."""
    with ExitStack() as stack:
        urls = {
            one.name: stack.enter_context(bench.database(bench.template(one.name, _migration(one))))
            for one in (CENTRE, SERVICE)
        }
        centre = stack.enter_context(service(bench, "simulator", urls["simulator"], part="api"))
        address = f"http://127.0.0.1:{centre.port}"
        discharge = stack.enter_context(service(bench, "discharge", urls["discharge"], part="api", centre_url=address))
        caller = Caller(bench, stack, discharge, centre)
        stays = run(_admit(urls["discharge"], STAYS + 1))
        return [caller.presettle(stay, patient) for stay, patient in stays][1:]


class Caller:
    """Whoever stands at the bedside."""

    def __init__(self, bench: Bench, stack: ExitStack, discharge: Running, centre: Running) -> None:
        self._discharge = f"http://127.0.0.1:{discharge.port}"
        self._pid = discharge.child.pid
        self._centre = f"http://127.0.0.1:{centre.port}"
        self._http = stack.enter_context(httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False))
        self._tokens = {role: tokens(bench, role, 1)[0] for role in ("ward-nurse", "clinician", "operator")}

    def presettle(self, stay: UUID, patient: UUID) -> tuple[float, float]:
        """Charge, order, pre-settle; milliseconds and CPU µs of the last."""
        insured = {"insutype": "310", "account_balance_fen": 0}
        self._send("PUT", f"{self._centre}/persons/{patient}", "operator", insured)
        account = f"{self._discharge}/accounts/{stay}"
        self._send("POST", f"{account}/charges", "ward-nurse", {"charges": [_charge(one) for one in range(LINES)]})
        self._send("POST", f"{account}/discharge-order", "clinician", {"disposition": "home"})
        busy, used, began = self._centre_seconds(), cpu_seconds(self._pid), perf_counter()
        self._send("POST", f"{account}/presettlement", "ward-nurse")
        took = perf_counter() - began
        used = cpu_seconds(self._pid) - used
        return (took - (self._centre_seconds() - busy)) * 1000, used * 1e6

    def _send(self, method: str, url: str, role: str, body: object = None) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[role]}", "Idempotency-Key": str(new_id())}
        self._http.request(method, url, json=body, headers=headers).raise_for_status()

    def _centre_seconds(self) -> float:
        metrics = self._http.get(f"{self._centre}/metrics").content
        return sum(float(found) for found in CENTRE_SECONDS.findall(metrics))


async def _admit(url: str, count: int) -> list[tuple[UUID, UUID]]:
    """So many stays, as registration and beds would have told of them."""
    database, now = Database(engine_for(url, 2), SystemClock()), wall_now()
    stays = [(new_id(), new_id()) for _ in range(count)]
    records = []
    for stay, patient in stays:
        registered = PatientRegistered(
            patient_id=patient, sex="F", birth_month=date(1960, 5, 1), insutype="310", retired=False,
            low_income=False, registered_at=now, aggregate_version=1,
        )  # fmt: skip
        admitted = PatientAdmitted(
            stay_id=stay, patient_id=patient, bed_id="A-01-1", ward_id="A-01", campus_id="A",
            specialty="cardiology", source="clinic", admitted_at=now, aggregate_version=2,
        )  # fmt: skip
        records += [record_of(registered, now), record_of(admitted, now)]
    await Effects("discharge", database, SERVICE.reactions, Telemetry("bench")).take(records)
    await database.close()
    return stays


def _migration(one):
    return lambda url: migrate(one.migrations, url)


def _charge(number: int) -> dict[str, object]:
    line = _line(number)
    return {
        "charge_id": str(new_id()), "item_code": f"item-{number}", "line_class": line["class"],
        "price_fen": line["price_fen"], "count": line["count"], "preself_ratio": line["preself_ratio"],
    }  # fmt: skip


def _case_line(number: int) -> dict[str, object]:
    return {"name": f"item-{number}", "price_limit_fen": None, **_line(number)}


def _line(number: int) -> dict[str, object]:
    kind = ("01", "01", "02", "03")[number % 4]
    return {
        "class": kind,
        "price_fen": 1_000 + 37 * number,
        "count": "2",
        "preself_ratio": "0.10" if kind == "02" else "0",
    }
