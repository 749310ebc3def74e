"""Invariants 5, 6, 9 and 11: beds, money, tasks, and that the services come to agree.

Each function yields one sentence a violation.
"""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from services.discharge.settlement import calculate, case_file, packs
from tests.chaos import judging_exams
from tests.chaos.evidence import Evidence, Row

CLOSED = frozenset({"C", "I"})
DIRTY = frozenset({"H", "K"})
FINAL = frozenset({"completed", "failed"})
WAITING = frozenset({"waiting", "reserved"})


def beds(evidence: Evidence) -> Iterator[str]:
    """5. One patient a bed and one bed a patient at every instant; nobody in a closed bed."""
    for column, what in (("bed_no", "bed"), ("patient_id", "patient")):
        for key, uses in evidence.by("beds", "bed_use", column).items():
            spans = sorted((use["during"] for use in uses if not use["during"].isempty), key=lambda span: span.lower)
            for before, after in pairwise(spans):
                if before.upper is None or before.upper > after.lower:
                    yield f"{what} {key} is used twice at {after.lower:%d %H:%M:%S}"
    for bed in evidence.table("beds", "bed"):
        if bed["status"] in CLOSED and bed["stay_id"] is not None:
            yield f"bed {bed['bed_id']} is closed and has stay {bed['stay_id']}"
    occupied = {bed["stay_id"] for bed in evidence.table("beds", "bed") if bed["status"] == "O"}
    admitted = {stay["stay_id"] for stay in evidence.table("beds", "stay") if stay["phase"] == "admitted"}
    for stay in occupied ^ admitted:
        yield f"stay {stay} and the beds disagree on whether it lies in one"
    yield from _who_lies_where(evidence)
    yield from _cleaning(evidence)


def _who_lies_where(evidence: Evidence) -> Iterator[str]:
    """Beds, stays and the uses that go on tell the same; both moves of a swap or none, a move taken back as a whole."""
    held = {(bed["bed_no"], bed["stay_id"]) for bed in evidence.table("beds", "bed") if bed["stay_id"] is not None}
    uses = evidence.table("beds", "bed_use")
    live = {
        (use["bed_no"], use["stay_id"]) for use in uses if not use["during"].isempty and use["during"].upper is None
    }
    for bed_no, stay in held ^ live:
        yield f"bed {bed_no} of stay {stay} is held and not used, or used and not held"
    names = {bed["stay_id"]: bed["bed_id"] for bed in evidence.table("beds", "bed") if bed["stay_id"] is not None}
    for stay in evidence.table("beds", "stay"):
        if stay["stay_id"] in names and names[stay["stay_id"]] != stay["bed_id"]:
            yield f"stay {stay['stay_id']} says bed {stay['bed_id']} and lies in {names[stay['stay_id']]}"


def _cleaning(evidence: Evidence) -> Iterator[str]:
    """A bed that somebody left is asked to be cleaned, once."""
    still_open = [
        task
        for task in evidence.table("beds", "cleaning_task")
        if task["done_at"] is None and task["cancelled_at"] is None
    ]
    for bed, times in Counter(task["bed_id"] for task in still_open).items():
        if times > 1:
            yield f"bed {bed} is to be cleaned {times} times"
    asked = {task["bed_id"] for task in still_open}
    for bed in evidence.table("beds", "bed"):
        if bed["status"] in DIRTY and bed["bed_id"] not in asked:
            yield f"bed {bed['bed_id']} is dirty and nobody is asked to clean it"


def money(evidence: Evidence) -> Iterator[str]:
    """6. Every discharge balances to the fen, per account and in total; computing it again changes nothing."""
    charges = {
        stay: sum(row["amount_fen"] for row in rows)
        for stay, rows in evidence.by("discharge", "charge", "stay_id").items()
    }
    settled = [row for row in evidence.table("discharge", "settlement") if row["stage"] == "settled"]
    for stay, times in Counter(row["stay_id"] for row in settled).items():
        if times > 1:
            yield f"stay {stay} is settled {times} times"
    for row in settled:
        yield from _balances(row, charges.get(row["stay_id"], 0))
        if not _recomputes(row):
            yield f"the settlement of stay {row['stay_id']} comes out otherwise when its case is computed again"
    yield from _journals(evidence)
    yield from _centre(evidence, settled)


def _balances(row: Row, charges_fen: int) -> Iterator[str]:
    stay, total = row["stay_id"], row["medfee_sumamt_fen"]
    if total != charges_fen:
        yield f"stay {stay} was charged {charges_fen} fen and settled for {total}"
    if row["fund_pay_sumamt_fen"] + row["psn_part_amt_fen"] != total:
        yield f"stay {stay}: fund and patient do not make up {total} fen"
    if row["acct_pay_fen"] + row["psn_cash_pay_fen"] != row["psn_part_amt_fen"]:
        yield f"stay {stay}: account and cash do not make up the patient's part"
    if row["deposit_fen"] - row["refund_fen"] + row["to_pay_fen"] != row["psn_cash_pay_fen"]:
        yield f"stay {stay}: deposit, refund and payments do not make up the cash"


def _journals(evidence: Evidence) -> Iterator[str]:
    entries = evidence.by("discharge", "journal_entry", "journal_id")
    for journal, rows in entries.items():
        difference = sum(row["debit_fen"] - row["credit_fen"] for row in rows)
        if difference:
            yield f"journal {journal} is {difference} fen out of balance"
    everything = evidence.table("discharge", "journal_entry")
    if sum(row["debit_fen"] for row in everything) != sum(row["credit_fen"] for row in everything):
        yield "debit and credit of all journals differ"


def _centre(evidence: Evidence, settled: list[Row]) -> Iterator[str]:
    """What the centre has standing is what we have settled, once each."""
    standing = [row for row in evidence.table("simulator", "settlement") if row["state"] == "standing"]
    ours = {row["msgid"]: row for row in settled}
    for row in standing:
        own = ours.pop(row["msgid"], None)
        if own is None:
            yield f"the centre has settled visit {row['mdtrt_id']} and we have not"
        elif (own["medfee_sumamt_fen"], own["fund_pay_sumamt_fen"]) != (row["medfee_fen"], row["fund_fen"]):
            yield f"the centre and we settled stay {own['stay_id']} for different sums"
    for row in ours.values():
        yield f"stay {row['stay_id']} is settled here and does not stand at the centre"


def _recomputes(row: Row) -> bool:
    case = case_file.validate(json.loads(row["case"]))
    answer = calculate.calculate(case, packs.load(case.pack, case.on))
    return (answer.medfee_sumamt_fen, answer.fund_pay_sumamt_fen, answer.psn_cash_pay_fen) == (
        row["medfee_sumamt_fen"],
        row["fund_pay_sumamt_fen"],
        row["psn_cash_pay_fen"],
    )


def tasks(evidence: Evidence) -> Iterator[str]:
    """9. A follow-up task runs at most once, never after cancel, at least once otherwise."""
    made = evidence.by("followup", "task", "plan_id", "step", "occurrence")
    for (plan, step, occurrence), rows in made.items():
        if len(rows) > 1:
            yield f"step {step} number {occurrence} of plan {plan} has become {len(rows)} tasks"
    yield from _came_up(evidence, made)
    closed = {plan["plan_id"]: plan["closed_at"] for plan in evidence.table("followup", "plan")}
    attempts = evidence.by("followup", "attempt", "task_id")
    for task in evidence.table("followup", "task"):
        tries = attempts.get(task["task_id"], [])
        if task["status"] in FINAL and not tries:
            yield f"task {task['task_id']} ended as {task['status']} and nobody tried"
        ended = closed.get(task["plan_id"])
        if ended and any(one["attempted_at"] > ended for one in tries):
            yield f"task {task['task_id']} was worked on after its plan had ended"


def _came_up(evidence: Evidence, made: dict[tuple[object, ...], list[Row]]) -> Iterator[str]:
    """Whatever was due has become a task, and a running plan has no step that only an undone leaving brought."""
    for plan in evidence.table("followup", "plan"):
        for number, (step, occurrence) in enumerate(zip(plan["steps"], plan["occurrences"], strict=True), 1):
            due = number < plan["next_step"]
            if due and (plan["plan_id"], step, occurrence) not in made:
                yield f"step {step} of plan {plan['plan_id']} was due and has become no task"
            if due and plan["status"] == "active" and _is_taken_back(made.get((plan["plan_id"], step, occurrence), [])):
                yield f"step {step} of plan {plan['plan_id']} was due and has only the task of an undone leaving"
        if plan["status"] == "active" and evidence.now and plan["next_due_at"] and plan["next_due_at"] <= evidence.now:
            yield f"plan {plan['plan_id']} has been due since {plan['next_due_at']} and nothing was made of it"


def _is_taken_back(made: list[Row]) -> bool:
    return any((task["status"], task["reason"]) == ("cancelled", "readmitted") for task in made)


def agreement(evidence: Evidence) -> Iterator[str]:
    """11. Waiting, called; admitted, bed held; discharged, bed freed, account settled, plan opened; within its time."""
    yield from evidence.late
    yield from _calls(evidence)
    yield from judging_exams.admissions(evidence)
    accounts = {row["stay_id"]: row for row in evidence.table("discharge", "account")}
    plans = {row["stay_id"] for row in evidence.table("followup", "plan")}
    lain = {row["stay_id"]: row for row in evidence.table("beds", "stay")}
    for stay, row in lain.items():
        if row["phase"] in {"admitted", "left"} and stay not in accounts:
            yield f"stay {stay} was admitted and has no account"
    settled = {row["stay_id"] for row in evidence.table("discharge", "settlement") if row["stage"] == "settled"}
    for stay, account in accounts.items():
        if account["state"] != "left":
            continue
        if lain.get(stay, {}).get("phase") != "left":
            yield f"the patient of stay {stay} has left and beds says {lain.get(stay, {}).get('phase')}"
        if stay not in settled:
            yield f"the patient of stay {stay} has left and the account is not settled"
        if stay not in plans:
            yield f"the patient of stay {stay} has left and no plan was opened"
    yield from _taken_back(evidence)
    gone = {str(stay) for stay, account in accounts.items() if account["state"] == "left"}
    for stay in evidence.left:
        if stay not in gone:
            yield f"the client of stay {stay} was told goodbye and the account does not say so"


def _calls(evidence: Evidence) -> Iterator[str]:
    """Whoever waits is on a schedule of calls, and nobody else is."""
    schedules = {row["request_id"]: row["end_reason"] is None for row in evidence.table("followup", "call_schedule")}
    for request in evidence.table("beds", "admission_request"):
        waits = request["phase"] in WAITING
        if schedules.get(request["request_id"], False) is not waits:
            yield f"request {request['request_id']} is {request['phase']} and {'not ' if waits else ''}called"


def _taken_back(evidence: Evidence) -> Iterator[str]:
    """11. What beds has taken back is taken back everywhere: the account of an admission, the plan of a leaving."""
    accounts = {row["stay_id"]: row for row in evidence.table("discharge", "account")}
    cancelled = {
        row["stay_id"] for row in evidence.table("beds", "stay_change") if row["change"] == "admission-cancelled"
    }
    followed = {row["stay_id"] for row in evidence.table("followup", "plan") if row["status"] == "active"}
    for stay in evidence.table("beds", "stay"):
        key, account = stay["stay_id"], accounts.get(stay["stay_id"])
        counts = account is not None and account["admission_cancelled_at"] is None
        if stay["phase"] == "admitted" and account is not None and not counts:
            yield f"stay {key} lies in a bed and its account says that the admission was cancelled"
        if stay["phase"] not in {"admitted", "left"} and key in cancelled and counts:
            yield f"the admission of stay {key} was cancelled and its account does not say so"
        if stay["phase"] == "admitted" and key in followed:
            yield f"stay {key} lies in a bed and is followed up"
        if stay["phase"] == "admitted" and account is not None and account["state"] == "left":
            yield f"stay {key} lies in a bed and its account says that the patient has left"
