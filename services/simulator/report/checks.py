"""What must hold after a run: what the services and topics say, held against what the recording says.

Every check is one function of the report and the recording; a run is good only if all hold.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from services.discharge.settlement import calculate, case_file, packs
from services.simulator.reading.model import Recording
from services.simulator.reading.timing import bed_days
from services.simulator.report.shapes import Report, SettlementFigures

Check = Callable[[Report, Recording], bool]


def every_encounter_booked(report: Report, recording: Recording) -> bool:
    """Each recorded visit is a booking, and each encounter of a class stands in the services under that class."""
    visits = Counter(visit.encounter_class for visit in recording.visits)
    inside = Counter(one.encounter_class for stay in recording.stays for one in stay.encounters)
    return report.bookings.booked == len(recording.visits) and report.encounters == dict(visits + inside)


def a_settlement_a_stay(report: Report, recording: Recording) -> bool:
    """Each recorded stay was admitted, lay as long as recorded, and was settled once, with all its encounters."""
    settled = {one.encounter_id: one.encounter_ids for one in report.settlements}
    recorded = {stay.encounter_id: list(stay.encounter_ids) for stay in recording.stays}
    days = sum(bed_days(stay) for stay in recording.stays)
    return len(report.settlements) == len(recorded) == report.admissions and (settled, report.bed_days) == (
        recorded,
        days,
    )


def every_charge_settled(report: Report, recording: Recording) -> bool:
    """Each stay's settlement adds up to its recorded charges, to the fen, and the totals to all of them."""
    recorded = {stay.encounter_id: stay.amount_fen for stay in recording.stays}
    lines = {stay.encounter_id: len(stay.charges) for stay in recording.stays}
    return (
        {one.encounter_id: one.lines_total_fen for one in report.settlements} == recorded
        and {one.encounter_id: len(one.case["lines"]) for one in report.settlements} == lines
        and report.totals.lines_total_fen == sum(recorded.values())
    )


def every_case_recomputed(report: Report, _: Recording) -> bool:
    """The calculator, given each settlement's case alone, comes to the same figures."""
    return all(_recomputes(settlement) for settlement in report.settlements)


def _recomputes(settlement: SettlementFigures) -> bool:
    case = case_file.validate(settlement.case)
    pack = packs.load(case.pack, case.on)
    answer = calculate.calculate(case, pack)
    return (settlement.pack, settlement.pack_version) == (pack.name, pack.version) and (
        answer.medfee_sumamt_fen,
        answer.inscp_scp_amt_fen,
        answer.fund_pay_sumamt_fen,
        answer.psn_part_amt_fen,
        answer.acct_pay_fen,
        answer.psn_cash_pay_fen,
    ) == (
        settlement.lines_total_fen,
        settlement.in_scope_fen,
        settlement.fund_pay_fen,
        settlement.patient_pay_fen,
        settlement.account_pay_fen,
        settlement.cash_fen,
    )


def journals_balanced(report: Report, _: Recording) -> bool:
    """Every journal balances, and every settlement's parts add up."""
    return all(
        one.journal_balanced
        and one.fund_pay_fen + one.patient_pay_fen == one.lines_total_fen
        and one.account_pay_fen + one.cash_fen == one.patient_pay_fen
        and one.deposit_fen - one.refund_fen + one.paid_at_bedside_fen == one.cash_fen
        for one in report.settlements
    )


def everybody_called(report: Report, _: Recording) -> bool:
    """Who came for a recorded visit was called."""
    return report.queue.called == report.bookings.arrived


def deaths_respected(report: Report, recording: Recording) -> bool:
    """Visits after a death were cancelled and no others, and no plan was opened for the dead."""
    cancelled = sum(recording.is_cancelled_by_death(visit) for visit in recording.visits)
    kept = len(recording.visits) - cancelled
    seen = (report.bookings.cancelled, report.bookings.arrived, report.bookings.completed)
    plans = sum(recording.opens_plan(stay) for stay in recording.stays)
    return seen == (cancelled, kept, kept) and report.plans_opened == plans


def topics_agree(report: Report, _: Recording) -> bool:
    """What was said on the topics is what the services' databases hold."""
    said = Counter(report.events)
    return (
        said["registration.patient-registered.v1"] == report.patients
        and said["registration.appointment-booked.v1"] == report.bookings.booked + report.bookings_from_followup
        and said["beds.patient-admitted.v1"] == said["beds.bed-released.v1"] == report.admissions
        and said["discharge.settled.v1"] == said["discharge.patient-left.v1"] == len(report.settlements)
        and said["followup.plan-opened.v1"] == report.plans_opened
        and said["followup.task-due.v1"] == report.tasks.due
        and said["registration.waitlist-joined.v1"] == report.waitlist.joined
        and said["registration.place-offered.v1"] == report.waitlist.offered
        and said["registration.offer-accepted.v1"] == report.waitlist.filled
        and said["registration.patient-called.v1"] == report.queue.called
        and said["registration.patient-arrived.v1"] == report.queue.checked_in
    )


def every_exam_done(report: Report, _: Recording) -> bool:
    """Each exam of each plan was done, in no more visits than one by one, and the topics say the same."""
    exams, said = report.exams, Counter(report.events)
    return (
        exams.exams == exams.done == said["registration.exam-done.v1"]
        and exams.orders == said["registration.exam-plan-booked.v1"]
        and exams.visits_compared <= exams.visits_one_by_one
    )


def nothing_left(report: Report, _: Recording) -> bool:
    """Nothing waits, nothing was lost, and every task that fell due was done."""
    return (
        report.outbox_left == report.consumer_lag == report.dead_letters == 0 and report.tasks.due == report.tasks.done
    )


CHECKS: Final[Mapping[str, Check]] = {
    check.__name__: check
    for check in (
        every_encounter_booked,
        a_settlement_a_stay,
        every_charge_settled,
        every_case_recomputed,
        journals_balanced,
        everybody_called,
        deaths_respected,
        topics_agree,
        every_exam_done,
        nothing_left,
    )
}


def checked(report: Report, recording: Recording) -> Report:
    """The report with the outcome of every check."""
    return report.model_copy(update={"checks": {name: check(report, recording) for name, check in CHECKS.items()}})
